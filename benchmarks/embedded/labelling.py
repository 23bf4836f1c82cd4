"""The texts of the classification tasks: sentiments, topics and intents.

In: nothing. Out: `Labelling` records: for each label its other wordings and its texts, those of the evaluation apart.
Sentences are written as in `kinds`: `[a|b]` is a choice, `{thing}`, `{name}` and `{place}` are slots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["INTENTS", "SENTIMENTS", "TOPICS", "Labelling"]

Texts = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Labelling:
    """One question with labels: names for its type, wordings of its labels, and texts (seen, unseen) for each."""

    names: tuple[str, ...]
    questions: tuple[str, ...]
    most: int
    synonyms: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Texts]


_GOOD = (
    "great|good|wonderful|excellent|lovely|fantastic|perfect|brilliant|superb|amazing|beautiful|delightful|pleasant|"
    "fast|friendly|useful|reliable|comfortable|delicious|impressive|charming|helpful|fine|awesome"
)
_BAD = (
    "bad|awful|terrible|horrible|poor|useless|broken|ugly|slow|rude|dirty|boring|disappointing|annoying|dreadful|"
    "disgusting|noisy|unreliable|uncomfortable|worthless|faulty|cold|sad|weak"
)
_THING = "[{thing}|service|food|film|room|staff|trip|book|hotel|show|delivery|course|app|game]"


def _opinions(adjective: str, verbs: str, remark: str, other: str) -> Texts:
    return (
        (
            f"The {_THING} [was|is] [very |really |so |just |quite |]{adjective}[.|!]",
            f"This {_THING} is {adjective}[.|!| and {adjective}.]",
            f"[What a|Such a] {adjective} {_THING}[!|.]",
            f"[I|We] {verbs} [this|the|that] {_THING}[.|!]",
            f"{remark}[.|!]",
            f"{remark}. The {_THING} was {adjective}.",
            f"I bought the {{thing}} in {{place}} and it is {adjective}.",
            f"{{name}} [says|told me] the {_THING} is {adjective}.",
            f"The {_THING} is not {other}[.|, it is {adjective}.]",
            f"{adjective}, {adjective} {_THING}.",
            f"I [find|found] the {_THING} {adjective}.",
        ),
        (
            f"Honestly, my {_THING} turned out {adjective}.",
            f"{remark}, and the {_THING} in {{place}} seemed {adjective} to me.",
            f"Our {_THING}? {adjective}!",
        ),
    )


SENTIMENTS = Labelling(
    ("Sentiment", "Mood", "Opinion", "Tone", "Feeling"),
    ("How does the writer feel?", "Is this good or bad?", "What is the sentiment?", "Classify:", "Text:", "Review:"),
    3,
    {
        "positive": ("good", "happy", "pos", "POSITIVE", "satisfied"),
        "negative": ("bad", "unhappy", "neg", "NEGATIVE", "unsatisfied"),
        "neutral": ("neither", "NEUTRAL", "factual"),
    },
    {
        "positive": _opinions(
            f"[{_GOOD}]",
            "[love|loved|like|liked|enjoyed|adore|recommend]",
            "[I am so happy|I would buy it again|Well done|Thank you so much|Five stars|Best day ever|"
            "It works perfectly|I can recommend it|It made my day|Everything went well|I will come back|Keep it up|"
            "It was worth every cent]",
            f"[{_BAD}]",
        ),
        "negative": _opinions(
            f"[{_BAD}]",
            "[hate|hated|dislike|regret|returned|cannot stand|do not recommend]",
            "[I am so disappointed|I want my money back|Never again|It broke after a day|A waste of money|One star|"
            "Worst day ever|It does not work|I would not buy it again|It failed|I will not come back|"
            "Nobody helped me|It made me angry]",
            f"[{_GOOD}]",
        ),
        "neutral": (
            (
                f"The {_THING} [arrived|starts|opens|closes] [on Monday|today|at noon|in May|tomorrow].",
                f"[I|We] [saw|used|got|ordered] the {_THING} [yesterday|in {{place}}|last week].",
                "The {thing} is [made of wood|made of steel|sold in {place}|on the table|blue|two metres long].",
                "{name} [has|owns|carries] a {thing}.",
                f"The {_THING} [costs ten euros|is in {{place}}|has two parts|comes in a box].",
                f"There is a {_THING} in {{place}}.",
            ),
            (
                f"A {_THING} from {{place}} will be delivered in June.",
                "{name} put the {thing} next to the door.",
            ),
        ),
    },
)


def _about(nouns: str, deeds: str) -> Texts:
    return (
        (
            f"The [{nouns}] [{deeds}].",
            f"[Yesterday|Today|On Monday] the [{nouns}] [{deeds}] in {{place}}.",
            f"{{name}} [talked|wrote|asked] about the [{nouns}] and the [{nouns}].",
            f"News from {{place}}: the [{nouns}] [{deeds}].",
            f"[More|All] about the [{nouns}], by {{name}}.",
            f"The [{nouns}] and the [{nouns}] [{deeds}].",
        ),
        (f"In {{place}}, people say that the [{nouns}] [{deeds}].", f"{{name}} explains why the [{nouns}] [{deeds}]."),
    )


TOPICS = Labelling(
    ("Topic", "Category", "Subject", "Section"),
    ("What is this about?", "Which topic?", "Classify:", "Text:", "Article:"),
    5,
    {
        "sports": ("sport", "athletics"),
        "politics": ("government", "policy"),
        "science": ("research",),
        "music": ("songs",),
        "food": ("cooking", "cuisine"),
        "travel": ("tourism", "holidays"),
        "technology": ("tech", "computers"),
        "business": ("economy", "finance"),
        "health": ("medicine",),
        "weather": ("climate",),
    },
    {
        "sports": _about(
            "team|match|goal|player|coach|league|striker|tournament|runner|champion|stadium|referee|race|club",
            "won the cup|lost the final|scored twice|beat the record|trained hard|qualified|was injured",
        ),
        "politics": _about(
            "minister|parliament|president|election|law|vote|party|senator|mayor|government|treaty|campaign",
            "passed a bill|lost the vote|resigned|signed the treaty|won the election|debated taxes",
        ),
        "science": _about(
            "planet|atom|experiment|telescope|scientist|fossil|molecule|theory|galaxy|laboratory|cell|gene",
            "was discovered|was measured|confirmed the theory|surprised the researchers|emitted particles",
        ),
        "music": _about(
            "song|band|singer|guitar|orchestra|album|concert|drummer|melody|opera|piano|choir",
            "played a new tune|topped the charts|was recorded live|sang two songs|toured the country",
        ),
        "food": _about(
            "soup|recipe|bread|chef|restaurant|cake|sauce|dinner|cheese|pasta|kitchen|salad",
            "was cooked slowly|tasted sweet|needs more salt|was served hot|was baked in the oven",
        ),
        "travel": _about(
            "flight|hotel|beach|passport|tourist|luggage|airport|journey|island|guide|cruise|hostel",
            "was booked out|departed late|attracts visitors|is near the sea|crossed the border",
        ),
        "technology": _about(
            "computer|software|phone|robot|chip|internet|app|server|laptop|update|password|browser",
            "was hacked|got an update|crashed again|runs faster code|stores the data|was programmed",
        ),
        "business": _about(
            "bank|market|share|company|profit|investor|merger|factory|startup|budget|stock|loan",
            "rose by ten percent|went bankrupt|was sold to investors|hired new staff|lost money",
        ),
        "health": _about(
            "doctor|patient|vaccine|hospital|virus|nurse|diet|disease|surgery|medicine|fever|clinic",
            "was treated|recovered quickly|cured the illness|caused pain|spread to the lungs",
        ),
        "weather": _about(
            "storm|rain|snow|sunshine|wind|temperature|cloud|flood|thunder|frost|heat wave|fog",
            "will last until Friday|moved north|brought cold air|reached thirty degrees|melted in the sun",
        ),
    },
)

INTENTS = Labelling(
    ("Intent", "Request", "Action", "Purpose"),
    ("What does the user want?", "Which intent?", "Message:", "User:", "Classify:"),
    5,
    {
        "refund": ("money_back", "get_refund"),
        "cancel": ("cancel_order", "cancellation"),
        "greeting": ("hello", "greet"),
        "book_table": ("reservation", "book"),
        "play_music": ("music", "play"),
        "set_alarm": ("alarm", "wake_up"),
        "weather": ("get_weather", "forecast"),
        "complaint": ("complain",),
        "track_order": ("tracking", "where_is_order"),
        "change_password": ("password", "reset_password"),
        "thanks": ("thank_you",),
        "buy": ("order", "purchase"),
    },
    {
        "refund": (
            (
                "[I want|I need|Give me|Please send] my money back[.| for the {thing}.]",
                "[Can|May] I get a refund for the {thing}?",
                "Please refund the {thing}.",
                "I returned the {thing} and want the money [back|returned].",
            ),
            ("How do I get reimbursed, I mean a refund, for my {thing}?",),
        ),
        "cancel": (
            (
                "[Please|Could you] cancel my [order|booking|subscription|{thing}][.|, thanks.]",
                "I [want|need|would like] to cancel [the order|my trip to {place}].",
                "Stop my order of the {thing}, I do not want it any more.",
                "Cancel it, please.",
            ),
            ("I changed my mind about {place}, cancel everything.",),
        ),
        "greeting": (
            (
                "[Hi|Hello|Hey|Good morning|Good evening][, {name}| there|][.|!]",
                "[Hi|Hello], how are you[, {name}|]?",
                "Nice to meet you, {name}.",
            ),
            ("Hey hey, good morning to you, {name}!",),
        ),
        "book_table": (
            (
                "[Book|Reserve] a table for [two|four|six] [in {place}|tonight|tomorrow].",
                "I need a table [for two|at eight|in {place}].",
                "Can we [book|reserve] a table for {name}?",
            ),
            ("Is there a free table in {place} for us tonight?",),
        ),
        "play_music": (
            (
                "[Play|Put on] [some music|a song|the new album|jazz][| by {name}|, please].",
                "I want to [hear|listen to] [music|{name}|a song].",
                "Turn the music [on|up].",
            ),
            ("Let me hear that song by {name} again.",),
        ),
        "set_alarm": (
            (
                "[Wake me|Set an alarm] [at|for] [six|seven|eight|noon][.|, please.]",
                "I need to [get up|wake up] at [five|six|seven].",
                "Set the alarm clock for tomorrow.",
            ),
            ("Make sure the alarm rings at six, {name}.",),
        ),
        "weather": (
            (
                "[Will it|Is it going to] [rain|snow] [today|tomorrow|in {place}]?",
                "[How is|What is] the weather [in {place}|tomorrow|today]?",
                "Do I need an umbrella in {place}?",
                "Is it [cold|hot|sunny] in {place}?",
            ),
            ("What will the weather be like when I am in {place}?",),
        ),
        "complaint": (
            (
                "[The|My] {thing} [is broken|arrived damaged|does not work][.|!]",
                "I [want|would like] to complain about the {thing}.",
                "This is unacceptable, the {thing} [broke|is faulty].",
                "Your service in {place} was [rude|awful|terrible].",
            ),
            ("I must complain: the {thing} from {place} is damaged.",),
        ),
        "track_order": (
            (
                "Where is my [order|parcel|package|{thing}]?",
                "When will [my order|my parcel|the {thing}] arrive?",
                "Has my [package|{thing}] been [sent|shipped]?",
                "[Track|Follow] my [order|parcel].",
            ),
            ("My parcel to {place} is late, where is it now?",),
        ),
        "change_password": (
            (
                "I [forgot|lost] my password[.|, please help.]",
                "[Reset|Change] my password[.|, please.]",
                "How do I [change|reset] my password?",
                "I cannot log in with my password.",
            ),
            ("My login needs a new password, how?",),
        ),
        "thanks": (
            (
                "[Thanks|Thank you|Many thanks][, {name}| so much| for your help][.|!]",
                "That was very kind, thank you.",
                "I am grateful[, {name}|].",
            ),
            ("Thank you, {name}, that helped a lot!",),
        ),
        "buy": (
            (
                "I [want|would like] to [buy|order] [a|the] {thing}[.|, please.]",
                "[Sell me|Order] [a|two|three] {thing}.",
                "Can I [buy|order] the {thing} [here|online|in {place}]?",
            ),
            ("Add one {thing} to my cart, I am going to buy it.",),
        ),
    },
)
