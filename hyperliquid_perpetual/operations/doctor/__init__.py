"""The doctor: looks at an installation, a network and an account, changes nothing, and says what to mend."""
