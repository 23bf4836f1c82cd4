"""Damage around an answer, the same for every format: fences, prose, thinking, marks, newlines, answers given twice."""

from __future__ import annotations

from random import Random

BEFORE = [
    "Here is the result:",
    "Sure! Here's the output you asked for:",
    "Here is the {f} you requested.",
    "Certainly, I have extracted the information from the text.",
    "**Answer:**",
    "Based on the text, I found this:",
]
AFTER = [
    "Let me know if you need anything else!",
    "I hope this helps.",
    "This follows the format that you asked for.",
    "Note that some of the values were not in the text, so I left them out.",
]
TAGS = ["json", "yaml", "", "python", "text", "yml", "JSON", "plaintext"]


def fence(text: str, rng: Random) -> str | None:
    """In a code fence, of any language; a fence in the text needs a longer one, which models forget."""
    if "```" in text or "~~~" in text:
        return None
    mark = rng.choice(["```", "```", "```", "~~~", "````"])
    return f"{mark}{rng.choice(TAGS)}\n{text.rstrip(chr(10))}\n{mark}\n"


def fence_and_prose(text: str, rng: Random) -> str | None:
    fenced = fence(text, rng)
    before = rng.choice(BEFORE).format(f="data") + rng.choice(["\n", "\n\n"])
    after = rng.choice(["", "\n" + rng.choice(AFTER) + "\n"])
    return None if fenced is None else before + fenced + after


def unclosed_fence(text: str, rng: Random) -> str | None:
    return None if "```" in text or "~~~" in text else f"```{rng.choice(TAGS)}\n{text}"


def closing_fence_only(text: str, rng: Random) -> str | None:
    return None if "```" in text or "~~~" in text else text.rstrip("\n") + "\n```" + rng.choice(["", "\n"])


def prose_before(text: str, rng: Random) -> str:
    return rng.choice(BEFORE).format(f="data") + "\n\n" + text


def prose_after(text: str, rng: Random) -> str:
    return text.rstrip("\n") + "\n\n" + rng.choice(AFTER)


def thinking(text: str, rng: Random) -> str:
    thought = rng.choice(
        ["They want the fields of the text.", "Let me see: name: x, or {}?\n\nI would say so.", "- first\n- then"]
    )
    return f"<think>\n{thought}\n</think>\n" + text


def byte_order_mark(text: str, rng: Random) -> str:
    return "\ufeff" + text


def windows_newlines(text: str, rng: Random) -> str | None:
    return text.replace("\n", "\r\n") if "\n" in text and "\r" not in text else None


def repeated_answer(text: str, rng: Random) -> str | None:
    """The same answer twice, each in a fence."""
    if "```" in text or "~~~" in text:
        return None
    block = f"```\n{text.rstrip(chr(10))}\n```\n"
    return block + rng.choice(["\n", "\nIn short:\n\n", "\nAgain, the final answer:\n"]) + block


DAMAGES = {
    "fence": fence,
    "fence-and-prose": fence_and_prose,
    "unclosed-fence": unclosed_fence,
    "closing-fence-only": closing_fence_only,
    "prose-before": prose_before,
    "prose-after": prose_after,
    "thinking": thinking,
    "byte-order-mark": byte_order_mark,
    "windows-newlines": windows_newlines,
    "repeated-answer": repeated_answer,
}
