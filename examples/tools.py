"""Tools: functions that a model may call, with arguments that always fit their signatures.

    python examples/tools.py

In: questions. Out: the calls that the model writes and what they return. The mask allows no name that is not declared and
no argument that does not fit; which tool is right, and with what, is up to the model. The last lines let text come first:
thinking up to a word, then calls.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

import structgen as sg

RATES = {"EUR": 1.0, "USD": 1.1, "NOK": 11.5}
Currency = Literal["EUR", "USD", "NOK"]


def convert(amount: float, source: Currency, target: Currency) -> str:
    """Converts an amount of money."""
    return f"{amount / RATES[source] * RATES[target]:.2f} {target}"


async def remind(text: Annotated[str, Field(max_length=60)], minutes: int = 10) -> str:
    """Sets a reminder."""
    return f"in {minutes} min: {text}"


TOOLS = sg.Tools([convert, remind], tool_choice="required", max_calls=1)
QUESTIONS = ["Convert 20 EUR to USD."]


def main(questions: list[str] = QUESTIONS) -> list[tuple[list[sg.ToolCall], list[str]]]:
    """For each question the calls, and their results."""
    model = sg.load_model()
    found = []
    for seed, question in enumerate(questions):
        result = model.generate(question, TOOLS, max_tokens=200, temperature=0.3, seed=seed)
        found.append((result.value, TOOLS.call(result.text)))
    return found


if __name__ == "__main__":
    for question, (calls, results) in zip(QUESTIONS, main(), strict=True):
        print(question)
        for call, answer in zip(calls, results, strict=True):
            print(f"  {call.name}({', '.join(f'{name}={value!r}' for name, value in call.value.items())}) -> {answer}")
        assert calls and all(call.name in ("convert", "remind") for call in calls)
    thoughts, calls = sg.Then(sg.FreeText(until="</think>"), TOOLS).read(
        'She wants dollars.</think>[{"name": "convert", "arguments": {"amount": 2, "source": "EUR", "target": "USD"}}]'
    )
    assert thoughts == "She wants dollars."
    assert calls[0].value == {"amount": 2.0, "source": "EUR", "target": "USD"}
