"""A damaged answer in each format as a value of a type, and the list of every repair that it took.

    python examples/repair_audit.py

In: what a model wrote, with most of the usual mistakes of its format. Out: an ``Invoice``, the audit, and a text read with
a rule of our own for a mistake that only our model makes.
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


EXPECTED = Invoice(customer='Ada "Countess" Lovelace', total=1234.5, paid=True, due=date(2025, 3, 3), items=["engine #2"])
JSON = """<think>They want {"customer": ...}, I believe.</think>```json
{ 'Customer': "Ada "Countess" Lovelace",   // as she signs
  total: "$1,234.50", "paid": "yes", "due": "March 3, 2025", "items": "engine #2",
```
"""
YAML = """```yaml
Customer: "Ada "Countess" Lovelace"
 total: 1,234.50
paid: yes
due: March 3, 2025
items:
  -engine #2
"""
ANSWERS = {  # format: the answer, its type, the value, some of the repairs
    "json": (JSON, Invoice, EXPECTED, {"code-fence", "unescaped-quote", "comment", "text-to-number", "field-name"}),
    "yaml": (YAML, Invoice, EXPECTED, {"code-fence", "unescaped-quote", "indentation", "missing-space", "unquoted-hash"}),
}


@sg.repair_rule("json", cost=1)  # our model writes ~> for a colon
def arrows(text: str) -> Iterator[tuple[int, int, str]]:
    yield from ((at, at + 3, ":") for at in range(len(text)) if text.startswith(" ~>", at))


if __name__ == "__main__":
    for name, (answer, wanted, value, kinds) in ANSWERS.items():
        reading = sg.read(answer, wanted, format=name)
        print(name, reading.value, reading, f"cost {reading.cost}", sep="\n")
        assert reading.value == value and kinds <= {repair.kind for repair in reading.repairs}
    ours = sg.read('{"total" ~> 3}', dict[str, int], rules=[arrows])
    assert ours.value == {"total": 3} and [repair.kind for repair in ours.repairs] == ["rule:arrows"]
