"""A grammar of one's own: sums that a calculator can read, whatever the model would rather say.

    python examples/own_grammar.py

In: a question. Out: a sum in the notation of the grammar, at most three products long. Rules may
refer to each other, so parentheses nest.
"""

from __future__ import annotations

import ast

import structgen as sg

SUMS = sg.Lark(r"""
start: sum
sum: product ((" + " | " - ") product)~0..2
product: factor " * " factor | factor
factor: NUMBER | "(" sum ")"
NUMBER: /[1-9][0-9]{0,2}/
""")


def main(question: str = "Three lamps at 20 and two chairs at 45: how much is that?") -> str:
    """A sum that the model writes."""
    model = sg.load_model()
    return str(model.generate(question, SUMS, max_tokens=60).value)


if __name__ == "__main__":
    matcher = sg.Compiler(sg.load_model().vocabulary).compile(SUMS).matcher()
    assert matcher.advance_bytes(b"3 * 20 + 2 * 45")
    assert matcher.is_accepting
    assert not matcher.advance_bytes(b" * 0")
    text = main()
    print(text)
    assert isinstance(ast.parse(text, mode="eval"), ast.Expression)
