"""Makes the mutants of the folder it runs in, without trying any: run as a file, as mutmut reads its settings early."""

import os

from mutmut.__main__ import create_mutants
from mutmut.utils.file_utils import copy_src_dir, setup_source_paths

if __name__ == "__main__":
    os.makedirs("mutants", exist_ok=True)
    copy_src_dir()
    setup_source_paths()
    create_mutants(1)
