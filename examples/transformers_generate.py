"""Masks inside ``generate`` of transformers: one logits processor, a grammar for each row of the batch.

    python examples/transformers_generate.py

In: a model and a tokenizer as transformers loads them; here those of the embedded model, but any causal model will do.
Out: one text per row, each of its own language. The last row has no grammar and is left to the model.
"""

from __future__ import annotations

import json
import re

from pydantic import BaseModel, Field
from transformers import AutoModelForCausalLM, AutoTokenizer

import structgen as sg
from structgen.models import EMBEDDED


class Person(BaseModel):
    name: str = Field(max_length=40)
    age: int = Field(ge=0, le=150)


PERSON = """Answer with JSON of the type Person:
name: string of at most 40 characters
age: integer from 0 to 150
Example: {"name": "text", "age": 1}

Alan Turing is 41."""
PROMPTS = [PERSON, "In which month was that? In June 1954.", "Say something."]


def main(folder: str = str(EMBEDDED)) -> list[str]:
    """The generated texts, one for each prompt."""
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder)
    compiler = sg.Compiler(sg.Vocabulary.from_transformers(tokenizer))
    person = compiler.compile(Person)
    date = compiler.compile(sg.Regex(r"(19|20)\d\d-(0[1-9]|1[0-2])"))

    chats = [[{"role": "user", "content": prompt}] for prompt in PROMPTS]
    texts = tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=True)
    inputs = tokenizer(texts, padding=True, return_tensors="pt", add_special_tokens=False, return_token_type_ids=False)
    output = model.generate(**inputs, logits_processor=[sg.LogitsProcessor([person, date, None])], max_new_tokens=120,
                            do_sample=False)
    return list(tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True))


if __name__ == "__main__":
    first, second, third = main()
    print(first, second, third, sep="\n")
    assert Person.model_validate(json.loads(first)).age <= 150
    assert re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", second)
