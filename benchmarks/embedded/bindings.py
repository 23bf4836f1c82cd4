"""Sentences that bind a key's words to a value, for the records with invented keys.

In: nothing. Out: `ONE` for one key, `TWO` and `MORE` for several at once, `ASIDES` that bind nothing asked for.
`{key}` is the key's words, `{Key}` the same with a capital, `{value}` the value. See `data.record`.
"""

from __future__ import annotations

__all__ = ["ASIDES", "MORE", "ONE", "TWO"]


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip().replace("\\n", "\n") for line in text.strip().splitlines())


ONE = lines("""
The {key} [is|was|became|will be|remains|equals|stays] {value}.
The {key} [is|was] [now|still|always|just|only|not yet known but] {value}.
{Key}: {value}.
{Key}: {value}
{Key} = {value}.
{key}={value}
{key}: {value};
{key} -> {value}
{Key} - {value}.
{Key} ({value}).
{Key} {value}.
{Key}, {value}.
{Key} is {value}.
{KEY}: {value}
- {key}: {value}
* {Key}: {value}
"{key}": {value}
{value} ({key}).
{value} - {key}.
{value}: {key}.
{value} = {key}.
{value}, {key}.
{value} [is|was|became|will be|remains] the {key}.
{value} [stands|counts|serves|works] as the {key}.
{value} was [put down|noted|filed|listed|taken|recorded|chosen|marked|saved|stored|kept] as the {key}.
{value} was [put down|noted|filed|listed|written|recorded|saved] under {key}.
{value}: that is the {key}.
{value} is what the {key} is.
{value} is the value of the {key}.
{value} goes into the field {key}.
{value} belongs to {key}.
{value}, the {key}, is <adj>.
{value}, which is the {key}, was <adj>.
Its {key} [is|was] {value}.
Their {key} [is|was] {value}.
My {key} [is|was] {value}.
Our {key} [is|was] {value}, I think.
Your {key} will be {value}.
It has the {key} {value}.
It has {value} as its {key}.
It comes with the {key} {value}.
It got the {key} {value}.
We [know|found|noted|wrote down|checked|set] the {key}: {value}.
We [chose|took|used|put|set|picked] {value} as the {key}.
We call {value} the {key}.
We set the {key} to {value}.
We use {value} as {key}.
I [wrote|put|filled in|typed] {value} for {key}.
I [think|hear|believe] the {key} is {value}.
I would say {value} is the {key}.
I was told: the {key} is {value}.
They [named|gave|wrote|chose] {value} as the {key}.
They say that the {key} is {value}.
Someone changed the {key} to {value}.
Someone set the {key} as {value}.
The {key} of it is {value}.
The {key} of the <noun> is {value}.
The {key} was [put down|noted|filed|listed|given|recorded|set|fixed] as {value}.
The {key} was [set|changed|moved|raised|fixed] to {value}.
The {key} has been {value} since <year>.
The {key} has the value {value}.
The {key} stands at {value}.
The {key} reads {value}.
The {key} goes by {value}.
The {key} turned out to be {value}.
The {key} should be {value}.
The {key} must be {value}.
The {key} may be {value}.
The {key}, {value}, is known.
The {key}, which is {value}, was <adj>.
The {key} that we use is {value}.
The {key} here: {value}.
The {key} and nothing else is {value}.
The {key}? {value}.
The {key}? It is {value}!
The field {key} holds {value}.
The column {key} says {value}.
The value of {key} is {value}.
The <noun> has {value} as {key}.
The <noun> has a {key}: {value}.
The <noun> with the {key} {value} is <adj>.
The <adj> <noun> has the {key} {value}.
As {key} we noted {value}.
As {key}, take {value}.
As to the {key}: {value}.
As the {key} I suggest {value}.
With {value} as the {key}, the <noun> is <adj>.
With the {key} {value}, it works.
Under {key} it says {value}.
Under {key} you find {value}.
In the field {key} stands {value}.
Next to {key} stands {value}.
Set {key} to {value}.
Set the {key}: {value}.
Let the {key} be {value}.
Use {value} as {key}.
Use {value}, that is the {key}.
Put {value} under {key}.
Write {value} next to {key}.
Note the {key}: {value}.
Remember {value}, the {key}.
Make {value} the {key}.
Take {value} for the {key}.
What is the {key}? {value}.
What is the {key}? It is {value}.
Is the {key} {value}? Yes.
Is {value} the {key}? It is.
Do you know the {key}? It's {value}.
Did you say the {key} was {value}?
It says here that the {key} is {value}.
It is {value} that is the {key}.
There is a {key}: {value}.
There is a {key}, namely {value}.
This is the {key}: {value}.
Here is the {key}: {value}.
Here, {key} means {value}.
Not the <noun> but {value} is the {key}.
By {key} we mean {value}.
Known {key}: {value}.
New {key}: {value}.
Current {key}: {value}.
{Key} of the <noun>: {value}.
A {key} of {value} was noted.
A {key} of {value} is fine.
"The {key} is {value}," said <name>.
""")

TWO = lines("""
The {key} is {value} and the {key2} is {value2}.
The {key} was {value}, the {key2} {value2}.
The {key} is {value}, while the {key2} is {value2}.
{Key} {value}, {key2} {value2}.
{Key}: {value}, {key2}: {value2}.
{Key}: {value}; {key2}: {value2}.
{Key} is {value}; {key2} is {value2}.
{Key} = {value}, {key2} = {value2}
{key}={value} {key2}={value2}
{key}: {value} | {key2}: {value2}
{Key} | {key2}\\n{value} | {value2}
{Key}, {key2}\\n{value}, {value2}
{Key} ({value}), {key2} ({value2}).
{value} ({key}), {value2} ({key2}).
{value} is the {key} and {value2} the {key2}.
{value} is the {key}, {value2} is the {key2}.
{value} was the {key}, but {value2} was the {key2}.
{value} and {value2} are the {key} and the {key2}.
It has the {key} {value} and the {key2} {value2}.
It has {value} as {key} and {value2} as {key2}.
We noted {value} as {key} and {value2} as {key2}.
We have the {key} {value} and, as {key2}, {value2}.
The {key} and the {key2} are {value} and {value2}.
The {key} and {key2} are {value} and {value2} respectively.
The <noun> has a {key} of {value} and a {key2} of {value2}.
The <noun> with the {key} {value} has the {key2} {value2}.
With {value} as {key} and {value2} as {key2}, all is <adj>.
Set {key} to {value} and {key2} to {value2}.
Use {value} as {key}, {value2} as {key2}.
If the {key} is {value}, the {key2} is {value2}.
When the {key} was {value}, the {key2} was {value2}.
Not only is the {key} {value}, the {key2} is {value2}.
Besides the {key} {value} there is the {key2} {value2}.
Its {key} is {value}, its {key2} {value2}.
Under {key} stands {value}, under {key2} {value2}.
The {key} ({value}) and the {key2} ({value2}) are known.
""")

MORE = lines("""
{Key}, {key2} and {key3} are {value}, {value2} and {value3}.
The {key}, {key2} and {key3} are {value}, {value2} and {value3} respectively.
{Key} | {key2} | {key3}\\n{value} | {value2} | {value3}
{Key}: {value}, {key2}: {value2}, {key3}: {value3}.
{Key} {value}, {key2} {value2}, {key3} {value3}.
{key}={value};{key2}={value2};{key3}={value3}
- {key}: {value}\\n- {key2}: {value2}\\n- {key3}: {value3}
The {key} is {value}, the {key2} {value2} and the {key3} {value3}.
{value} is the {key}, {value2} the {key2} and {value3} the {key3}.
It has the {key} {value}, the {key2} {value2} and the {key3} {value3}.
{value} ({key}), {value2} ({key2}) and {value3} ({key3}).
With {key} {value}, {key2} {value2} and {key3} {value3} it is ready.
""")

ASIDES = lines("""
The <noun> was <adj>.
Nobody knows the rest.
The rest is not known.
There is no other <noun>.
That is all.
The <adj> <noun> has no name.
Somebody <deed>.
Page <number>.
It was noted on a <weekday>.
The list was made by <name>.
Nothing was said about the <noun>.
""")
