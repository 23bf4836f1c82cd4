"""A damaged answer as a value of a type, and the list of every repair that it took.

    python examples/repair_audit.py

In: what a model wrote: thinking, prose, a code fence, and in it JSON with most of the usual mistakes. Out: an ``Invoice``,
the audit, and the same text read with a rule of our own for a mistake that only our model makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import BaseModel

import structgen as sg


class Invoice(BaseModel):
    customer: str
    total: float
    paid: bool
    due: date
    items: list[str]
    note: str | None = None


ANSWER = """<think>They want {"customer": ...}, I believe.</think>
Here is the invoice:
```json
{
  'Customer': "Ada "Countess" Lovelace",   // as she signs
  total: "$1,234.50",
  "paid": "yes",
  "due": "March 3, 2025",
  "items": "engine drawings",
```
"""


@sg.repair_rule("json", cost=1)
def arrows(text: str) -> Iterator[tuple[int, int, str]]:
    """Our model writes -> for a colon."""
    start = -1
    while (start := text.find(" ->", start + 1)) >= 0:
        yield start, start + 3, ":"


if __name__ == "__main__":
    reading = sg.read(ANSWER, Invoice)
    print(reading.value, reading, f"cost {reading.cost}", sep="\n")
    expected = Invoice(customer='Ada "Countess" Lovelace', total=1234.5, paid=True, due=date(2025, 3, 3),
                       items=["engine drawings"])
    assert reading.value == expected
    assert {"code-fence", "unescaped-quote", "comment", "text-to-number", "field-name"} <= {
        repair.kind for repair in reading.repairs}

    print(ours := sg.read('{"total" -> 3}', dict[str, int], rules=[arrows]))
    assert ours.value == {"total": 3}
    assert [repair.kind for repair in ours.repairs] == ["rule:arrows"]
