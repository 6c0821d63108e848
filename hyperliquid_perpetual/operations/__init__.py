"""What an operator runs beside a bot: `doctor` looks whether trading can work, `acceptance` tries it with small orders.

Both talk to a network as every client does; nothing in them is special to the sandbox.
"""
