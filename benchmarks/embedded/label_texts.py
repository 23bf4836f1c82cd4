"""More texts of the classification tasks, for training only: in many shapes, so that the words decide.

In: nothing. Out: `MORE`: for the name of a task and a label its further texts. Written as in `labelling`.
"""

from __future__ import annotations

__all__ = ["MORE"]

_GOOD = "[great|good|wonderful|excellent|lovely|perfect|superb|amazing|delightful|pleasant|impressive|charming|fine|awesome]"
_BAD = "[bad|awful|terrible|horrible|poor|useless|ugly|disappointing|annoying|dreadful|worthless|weak|disgusting]"
_THING = "[{thing}|service|food|film|room|staff|trip|book|hotel|show|delivery|course|app|game|music|view|price]"

_SHAPES = (
    "{name} bought a {thing} in {place}: ADJ[.|!]",
    "{name}, the THING was ADJ[.|!]",
    "After a week with the THING I call it ADJ.",
    "As for the THING, ADJ is the word.",
    "I must say the THING is ADJ.",
    "I never had such a ADJ THING.",
    "I think this is a ADJ THING.",
    "If you ask me, the THING is ADJ.",
    "In one word: ADJ[.|!]",
    "It was a ADJ THING[.|!]",
    "My {thing} is ADJ, and so is the THING.",
    "So far the THING has been ADJ.",
    "The THING in {place} was ADJ, the rest too.",
    "The THING made a ADJ impression.",
    "We thought the THING would be ADJ, and it was.",
    "Yesterday's THING: ADJ[.|!]",
    "ADJ THING, ADJ staff, ADJ everything.",
    "A ADJ THING[.|!| indeed.]",
    "REMARK[.|!] {name}",
    "REMARK. REMARK[.|!]",
    "I saw the THING in {place}. REMARK.",
    "{name} wrote: REMARK[.|!]",
    "The THING? REMARK[.|!]",
)
_PRAISE = (
    "[I would buy it again|It made my day|I could not be happier|Worth every penny|We will come back|I smiled all day|"
    "Nothing to complain about|It does all I need|Five stars|Well done|Thumbs up|A real joy|The best I ever had|"
    "I am so glad I got it|You will not regret it|What a pleasure]"
)
_BLAME = (
    "[I want my money back|It ruined my day|I will never come back|Not worth a penny|It fell apart|I was so angry|"
    "Nothing worked|It does not do what it should|Zero stars|Thumbs down|A real pain|The worst I ever had|"
    "I am sorry I got it|You will regret it|What a mess|Stay away from it]"
)


def _opinions(adjective: str, remark: str) -> tuple[str, ...]:
    return tuple(shape.replace("ADJ", adjective).replace("REMARK", remark).replace("THING", _THING) for shape in _SHAPES)


_NEUTRAL = (
    "The THING is [for two people|on the second floor|next to the door|in a box|from {place}].",
    "{name} [put|left|found] the {thing} [on the shelf|in the car|by the door].",
    "The {thing} weighs two kilos.",
    "The THING [begins at eight|ends at ten|is on Sunday|takes an hour|has two parts].",
    "I [parked|read|waited|ate] in {place} [today|on Monday].",
    "We [live|work|stay] near {place}.",
    "There is a {thing} in the box.",
    "{name} [asked|wrote] about the THING.",
    "It is a {thing} with a handle.",
    "The shop in {place} sells a {thing}.",
    "My {thing} is [grey|brown|ten years old|in the kitchen].",
    "The THING was on [Tuesday|Friday], said {name}.",
)

_WORDS = {
    "sports": (
        "goalkeeper|football|basketball|penalty|swimmer|medal|marathon|boxing|rugby|tennis|athlete|olympics",
        "scored a goal|won the race|ran ten kilometres|lost by two points|kicked the ball|trained for the match",
    ),
    "politics": (
        "cabinet|deputy|ballot|chancellor|opposition|coalition|embassy|voter|referendum|congress|king|council",
        "voted against the law|called an election|met the ambassador|lost the majority|signed a decree",
    ),
    "science": (
        "particle|biologist|microscope|species|orbit|chemist|laser|equation|neutron|dinosaur|comet|physicist",
        "was seen through the telescope|explains gravity|was tested in the laboratory|published a study|was measured",
    ),
    "music": (
        "violin|composer|chorus|symphony|guitarist|rhythm|jazz|tenor|trumpet|lyrics|rapper|record",
        "was played on stage|has a new album|wrote a song|sounded in the concert hall|sang in the choir",
    ),
    "food": (
        "butter|vegetables|baker|dessert|steak|rice|breakfast|pizza|spice|noodles|curry|cookie",
        "was fried in butter|smells of garlic|was eaten for lunch|is full of sugar|needs an hour in the oven",
    ),
    "travel": (
        "suitcase|visa|holiday|traveller|train ride|resort|backpack|tour|border|ferry|sightseeing|camping",
        "led us to the coast|was packed for the holiday|takes tourists around|was booked for the summer",
    ),
    "technology": (
        "keyboard|algorithm|website|database|smartphone|network|processor|code|hard disk|screen|sensor|hacker",
        "was installed|has a bug|was downloaded|needs a faster processor|was switched off by the programmer",
    ),
    "business": (
        "shareholder|invoice|export|bond|tax office|salary|dividend|manager|retailer|contract|price index|trade",
        "raised the prices|cut a hundred jobs|doubled the revenue|was bought by a rival|paid a dividend",
    ),
    "health": (
        "therapy|pill|blood|infection|dentist|symptom|heart|cough|surgeon|allergy|pharmacy|wound",
        "was healed|needs an operation|lowered the blood pressure|was prescribed by the doctor|made her ill",
    ),
    "weather": (
        "drizzle|hail|hurricane|sky|forecast|breeze|drought|lightning|humidity|sleet|ice|downpour",
        "came from the sea|will be gone by noon|froze the lake|soaked the town|brought rain",
    ),
}
_REPORTS = (
    "A NOUN DEED.",
    "Our NOUN DEED.",
    "Why did the NOUN matter? The NOUN DEED.",
    "I [read|heard|wrote] about the NOUN [today|in {place}].",
    "{place}: NOUN and NOUN [today|this week].",
    "{name} likes the NOUN.",
    "{name} says: the NOUN DEED.",
    "Do you know anything about the NOUN?",
    "The NOUN in {place} DEED.",
    "The [new|old|big|last] NOUN DEED.",
    "NOUN, NOUN, NOUN",
    "This week: NOUN, NOUN and NOUN.",
    "{name} [sent|showed] us a report on the NOUN.",
    "Nobody in {place} cared about the NOUN.",
    "It was the NOUN that DEED.",
)

_INTENTS: dict[str, tuple[str, ...]] = {
    "refund": (
        "I am not happy with the {thing}, [pay|give] me back what I paid.",
        "When do I get my money for the {thing} back?",
        "Refund me, [please|now].",
        "How can I get my money back[|, {name}]?",
        "I sent the {thing} back, where is my refund?",
        "You charged me twice, I want the money returned.",
    ),
    "cancel": (
        "I changed my mind, cancel [it|the {thing}].",
        "How do I cancel my [order|contract|trip to {place}]?",
        "I no longer need the {thing}, please cancel.",
        "Cancel [everything|the {thing}|my stay in {place}].",
        "[Please do not|Do not] send the {thing}, I cancel it.",
        "This is {name}, I have to cancel.",
    ),
    "greeting": (
        "[Good afternoon|Howdy|Hi there|Hello again][, {name}|].",
        "Hello from {place}!",
        "[Hey|Hi] {name}, how is it going?",
        "Hello, my name is {name}.",
        "Greetings[, {name}|]!",
        "What's up[, {name}|]?",
    ),
    "book_table": (
        "Any free table [tonight|for three|left]?",
        "A table for [two|five|eight], please.",
        "I want to eat in {place} tonight, reserve a table.",
        "We are [three|four|six], do you have a table?",
        "Keep a table by the window for {name}.",
        "Get us a table at [six|seven|nine].",
    ),
    "play_music": (
        "[Start|Play] [my playlist|the radio|something by {name}].",
        "Let me hear [some jazz|that song|the band from {place}].",
        "Next song, please.",
        "Play the song again.",
        "Music, please!",
        "I feel like dancing, put on a record.",
    ),
    "set_alarm": (
        "Alarm at [six|seven|five], please.",
        "Get me out of bed at [six|seven].",
        "Don't let me sleep past [eight|nine].",
        "I have to be up by [five|six], set an alarm.",
        "Let the alarm ring at [ten|eleven].",
        "Wake up call for {name} at seven.",
    ),
    "weather": (
        "Is it raining in {place}?",
        "Tell me the forecast for [tomorrow|{place}|Sunday].",
        "How warm is it in {place}?",
        "Will the sun shine [tomorrow|in {place}]?",
        "Forecast for {place}, please.",
        "Should I take a coat, is it cold outside?",
        "Any snow in {place}?",
    ),
    "complaint": (
        "I am very unhappy with the {thing}.",
        "The {thing} fell apart after a day.",
        "This is the third time that the {thing} fails.",
        "Your staff in {place} was unfriendly.",
        "What a bad {thing}, I am angry.",
        "Nobody helped me in {place}, that is not right.",
        "The {thing} came with a scratch.",
    ),
    "track_order": (
        "Has the {thing} left {place}?",
        "I am still waiting for my {thing}, where is it?",
        "What is the status of my [order|parcel]?",
        "When does my {thing} come?",
        "My parcel is late, can you find it?",
        "Tell me where my package is.",
        "Is my [parcel|order] on its way?",
    ),
    "change_password": (
        "My password does not work any more.",
        "I need a new password[|, please].",
        "Someone knows my password, change it.",
        "Where can I set a new password?",
        "Send me a link to reset the password.",
        "Password forgotten[!|, what now?]",
    ),
    "thanks": (
        "Thank you [very much|a lot], {name}.",
        "You helped me a lot, thanks!",
        "I really appreciate it[|, {name}].",
        "Thanks for the {thing}!",
        "A thousand thanks[|, {name}]!",
        "Thanks to all of you in {place}.",
    ),
    "buy": (
        "I'll take the {thing}.",
        "How can I order a {thing}?",
        "Do you sell a {thing}? I want one.",
        "Put a {thing} in my basket.",
        "I need a new {thing}, I want to buy one.",
        "Please order a {thing} for {name}.",
    ),
}

MORE: dict[str, dict[str, tuple[str, ...]]] = {
    "Sentiment": {
        "positive": _opinions(_GOOD, _PRAISE),
        "negative": _opinions(_BAD, _BLAME),
        "neutral": tuple(text.replace("THING", _THING) for text in _NEUTRAL),
    },
    "Topic": {
        label: tuple(shape.replace("NOUN", f"[{nouns}]").replace("DEED", f"[{deeds}]") for shape in _REPORTS)
        for label, (nouns, deeds) in _WORDS.items()
    },
    "Intent": _INTENTS,
}
