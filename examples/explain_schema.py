"""A hard schema: what is enforced of it, keyword by keyword, and why a token is forbidden.

No model: the tokens are single bytes. Out: a table, an explanation for each wrong step, and one outcome of the masks.
"""

from __future__ import annotations

import json
import random
from typing import Any

import structgen as sg
from structgen.formats.json.report import as_table, report

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["card", "transfer"]},
        "card": {"type": "string", "pattern": "^(?!0000)[0-9]{4}$"},
        "iban": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{2,6}$"},
        "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 50, "multipleOf": 0.05},
        "day": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"enum": ["gift", "food", "rent"]}, "uniqueItems": True, "minItems": 2},
    },
    "required": ["kind", "amount"],
    "additionalProperties": False,
    "if": {"properties": {"kind": {"const": "card"}}},
    "then": {"required": ["card"]},
    "else": {"required": ["iban"]},
}
CARD = '{"kind":"card","card":"1234"'
WRONG = [("{", "}"), ('{"kind":', "5"), (CARD[:-2], "}"), (CARD, "}"), (CARD + ',"amount":4.3', "2"),
         (CARD + ',"amount":5,"day":"2023-02-2', "9"), (CARD + ',"amount":5,"tags":["food"', "]")]


def main() -> None:
    vocabulary = sg.Vocabulary([*(bytes([byte]) for byte in range(256)), None], 256)
    compiler = sg.Compiler(vocabulary)
    source = sg.JsonSchema(SCHEMA, whitespace="compact", exponents=False, escapes="necessary")
    rows = report(source, compiler.limits)
    print(as_table(rows))
    grammar = compiler.compile(source)
    for prefix, token in WRONG:
        matcher = grammar.matcher()
        assert matcher.advance_bytes(prefix.encode())
        assert not matcher.advance(ord(token))
        print(f"\n{prefix}\n  " + matcher.explain(ord(token)).replace("\n", "\n  "))

    matcher, chance, text = grammar.matcher(), random.Random(7), b""
    while not matcher.is_accepting:
        text += bytes([chance.choice([int(one) for one in matcher.allowed_tokens()])])
        matcher.advance(text[-1])
    print("\nAt random under masks:", text.decode())
    value = json.loads(text)
    assert {row.status for row in rows} == {"enforced"}
    assert ("card" if value["kind"] == "card" else "iban") in value


if __name__ == "__main__":
    main()
