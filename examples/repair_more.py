"""A damaged answer in each of the formats beside JSON and YAML, and the list of every repair that it took.

    python examples/repair_more.py

In: a table, a tool call, a label, a date and a pattern as models write them. Out: values of types, and the audits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import structgen as sg


@dataclass
class Line:
    customer: str
    total: float
    paid: bool


def pay_invoice(customer: str, total: float) -> None: ...


TABLE = """Here is the table:
Customer; Total; Paid
Ada "Countess" Lovelace; $1,234.50; yes
"Bob; 7; no
"""
CALL = """Sure!
<tool_call>
{"name": "payInvoice", "parameters": {"customer": "Ada", "total": "1,234.50",}}
</tool_call>"""
ANSWERS: list[tuple[str, Any, Any, set[str]]] = [  # the answer, what it is read as, the value, some of the repairs
    (TABLE, sg.Csv(Line), [Line('Ada "Countess" Lovelace', 1234.5, True), Line("Bob", 7, False)],
     {"surrounding-text", "other-delimiter", "field-name", "text-to-number", "text-to-boolean", "missing-quote"}),
    (CALL, sg.Tools([pay_invoice]), [{"name": "pay_invoice", "arguments": {"customer": "Ada", "total": 1234.5}}],
     {"call-notation", "call-key", "tool-spelling", "text-to-number", "trailing-comma"}),
    ("It is not late. Final answer: **Paid**.", Literal["late", "paid"], "paid", {"answer-mark", "label-spelling"}),
    ("Due on the 3rd of March 2025.", date, date(2025, 3, 3), {"in-text"}),
    (r"Use `/^inv-\d+$/i` for it.", re.Pattern, re.compile(r"(?i)^inv-\d+$"), {"wrapper"}),
]

if __name__ == "__main__":
    for answer, wanted, value, kinds in ANSWERS:
        reading = sg.read(answer, wanted)
        print(reading.format, reading.value, reading, f"cost {reading.cost}", "", sep="\n")
        assert reading.value == value
        assert kinds <= {repair.kind for repair in reading.repairs}
