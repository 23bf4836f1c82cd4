"""The words of the training data: lists, invented words, and the split of both into seen and unseen ones.

In: a random generator and whether a held-out example is being made. Out: words, names, numbers. The one idea: a word
belongs to the held-out side when a checksum of its letters says so, so that no name or number of the evaluation can
have been seen in training, listed or invented. Caveat: only values are split so; filler words are shared.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence

__all__ = [
    "ADJECTIVES",
    "CITIES",
    "COUNTRIES",
    "FIRST",
    "GOODS",
    "JOBS",
    "LAST",
    "MONTHS",
    "NOUNS",
    "NUMBER_WORDS",
    "SKILLS",
    "VERBS",
    "WEEKDAYS",
    "invented",
    "number",
    "pick",
    "unseen",
]


def listed(text: str) -> list[str]:
    """The words of a block: parted by bars where there are bars (words with spaces), else by spaces."""
    return text.replace("\n", "").split("|") if "|" in text else text.split()


FIRST = listed(
    """Ada Grace Alan Marie Rosa Niels Emmy Kurt Edsger Barbara Donald Margaret Katherine Dorothy Mary Hedy Linus Tim
Sofia Omar Fatima Yuki Kenji Aiko Wei Li Ming Priya Arjun Ravi Anita Deepa Carlos Maria José Lucía Diego Elena
Pablo Ana João Inês Pedro Luca Giulia Marco Chiara Pierre Amélie Luc Claire Hans Greta Jürgen Anke Sven Ingrid
Lars Astrid Olga Ivan Dmitri Natasha Piotr Łukasz Agnieszka Zoë Chloë Noah Emma Liam Olivia Mason Ava Ethan Mia
Lucas Amelia Henry Charlotte Jack Sophie Oscar Freya Leo Isla George Ella Arthur Lily Thomas Ruth Samuel Hannah
Daniel Rachel David Sarah John Jane James Anna Peter Laura Paul Julia Mark Susan Luke Karen Simon Nina Tom Kate
Bob Alice Eve Sam Max Ben Amy Joe Kwame Ama Chidi Ngozi Tunde Zainab Amina Yusuf Layla Hassan Leila Darius
Shirin Mehmet Elif Nikos Eleni Andrei Ioana Bela Zsófia Milan Petra Goran Ivana Siobhán Liam Aoife Rhys Carys
Angus Morag Vera Felix Clara Hugo Iris Otto Nora Victor Stella Walter Edith Frank Helen Roger Alma Bruno Lena
Theo Ines Rob Charles Isaac Albert Nikola Rosalind Jean"""
)

LAST = listed(
    """Lovelace Hopper Turing Curie Franklin Bohr Noether Gödel Dijkstra Liskov Knuth Hamilton Johnson Vaughan Jackson
Lamarr Torvalds Smith Jones Taylor Brown Williams Wilson Davies Evans Roberts Walker Wright Thompson White
Hughes Edwards Green Hall Wood Harris Martin Lewis Clarke Müller Schmidt Schneider Fischer Weber Meyer Wagner
Becker Hoffmann García Rodríguez Martínez López Sánchez Pérez Gómez Fernández Silva Santos Oliveira Souza
Pereira Costa Rossi Russo Ferrari Esposito Bianchi Romano Dubois Moreau Laurent Lefèvre Bernard Petit Jensen
Nielsen Hansen Larsen Andersson Johansson Karlsson Nilsson Virtanen Korhonen Ivanov Petrov Smirnov Volkov Nowak
Kowalski Wiśniewski Novák Horvat Nagy Kovács Popescu Papadopoulos Yilmaz Kaya Demir Khan Ahmed Hussein Ali
Haddad Rahman Singh Kumar Sharma Patel Gupta Iyer Reddy Chen Wang Zhang Liu Huang Zhao Tanaka Suzuki Sato
Watanabe Kim Park Lee Nguyen Tran Pham Santoso Okafor Mensah Adeyemi Diallo Mbeki Osei Murphy Kelly Byrne
O'Neill O'Brien Campbell Stewart MacDonald Fraser Baker Carter Turner Parker Collins Cook Bell Cooper Ward Gray
Foster Reed Brooks Price Bennett Hayes Stone Fox Newton Babbage Einstein Tesla Darwin Faraday Maxwell Planck
Euler Gauss Riemann Hilbert Church Ritchie Thompson Kay Perlman"""
)

CITIES = listed(
    """London|Paris|Berlin|Madrid|Rome|Vienna|Prague|Warsaw|Lisbon|Dublin|Oslo|Stockholm|Helsinki|Copenhagen|Athens|
Budapest|Zürich|Geneva|Brussels|Amsterdam|Rotterdam|Hamburg|Munich|Cologne|Milan|Turin|Naples|Seville|Porto|
Lyon|Marseille|Edinburgh|Glasgow|Cardiff|Bristol|Leeds|York|Oxford|Cambridge|Boston|Chicago|Denver|Seattle|
Austin|Dallas|Houston|Miami|Atlanta|Portland|New York|San Francisco|Los Angeles|San Diego|Salt Lake City|
New Orleans|Toronto|Montreal|Vancouver|Mexico City|Bogotá|Lima|Santiago|Buenos Aires|São Paulo|Rio de Janeiro|
Cairo|Lagos|Nairobi|Accra|Cape Town|Casablanca|Tunis|Istanbul|Ankara|Tehran|Baghdad|Dubai|Doha|Mumbai|New Delhi|
Chennai|Kolkata|Dhaka|Karachi|Lahore|Bangkok|Hanoi|Singapore|Jakarta|Manila|Seoul|Busan|Tokyo|Osaka|Kyoto|
Beijing|Shanghai|Hong Kong|Taipei|Sydney|Melbourne|Perth|Auckland|Wellington|Riga|Vilnius|Tallinn|Kyiv|Belgrade|
Zagreb|Sofia|Bucharest|Palo Alto|Princeton|Stuttgart|Leipzig|Basel|Bern|Kraków|Gdańsk|Brno|Graz|Utrecht|Ghent|
Antwerp|Bergen|Aarhus|Tampere|Quito|Havana"""
)

COUNTRIES = listed(
    """France|Germany|Spain|Italy|Portugal|Norway|Sweden|Finland|Denmark|Poland|Austria|Greece|Hungary|Ireland|England|
Scotland|Wales|Belgium|Canada|Mexico|Brazil|Chile|Peru|Argentina|Egypt|Nigeria|Kenya|Ghana|Morocco|Turkey|Iran|
India|Pakistan|Thailand|Vietnam|Indonesia|Japan|China|Australia|New Zealand|South Africa|South Korea|Costa Rica|
Iceland|Switzerland|the Netherlands|Ukraine|Romania|Croatia|Serbia|Latvia|Estonia|Cuba|Colombia|Bolivia|Nepal"""
)

JOBS = listed(
    """engineer|nurse|teacher|lawyer|doctor|painter|carpenter|baker|pilot|farmer|plumber|chemist|biologist|writer|poet|
singer|dancer|actor|editor|journalist|mathematician|physicist|programmer|designer|architect|accountant|
librarian|translator|waiter|chef|cook|gardener|butcher|tailor|electrician|mechanic|driver|sailor|soldier|judge|
surgeon|dentist|pharmacist|economist|historian|philosopher|astronomer|geologist|sculptor|photographer|violinist|
pianist|conductor|coach|software engineer|data analyst|project manager|civil engineer|film director|
computer scientist|primary school teacher|marine biologist|graphic designer|taxi driver|sales manager|
police officer|flight attendant|security guard|firefighter|product manager|research assistant|fashion designer|
music teacher|veterinarian|midwife|beekeeper|watchmaker|barber|potter|florist|blacksmith|cashier|consultant|
inventor|composer|banker|clerk|student"""
)

GOODS = listed(
    """lamp|desk|chair|kettle|notebook|pencil|keyboard|mouse|monitor|printer|phone|tablet|camera|bicycle|helmet|tent|
backpack|jacket|shirt|scarf|hat|boots|gloves|mug|plate|spoon|knife|pan|blender|toaster|oven|fridge|sofa|pillow|
blanket|curtain|carpet|mirror|clock|watch|ring|necklace|guitar|violin|piano|drum|ball|racket|skis|rope|hammer|
drill|saw|ladder|shovel|rake|hose|seeds|soap|shampoo|towel|brush|umbrella|wallet|suitcase|book|map|candle|vase|
basket|bottle|cable|charger|battery|router|speaker|headphones|microphone|projector|tea|coffee beans|olive oil|
rice|honey|chocolate|cheese|oranges|apples|almonds|flour|paper|envelopes|stickers|paint|nails|screws|tiles|
bricks|shelf|bench|stool|wardrobe"""
)

ADJECTIVES = listed(
    """red blue green black white silver wooden steel leather cotton glass large small old new cheap heavy light
wireless portable electric vintage modern organic waterproof folding ceramic woollen bright dark round square
famous strange quiet simple clever long short first second last early secret hidden golden broken rare digital
magnetic"""
)

NOUNS = listed(
    """program machine theory bridge paper book novel poem song symphony engine compiler telescope vaccine theorem
language network garden school hospital company museum library orchestra robot satellite rocket ship train
aeroplane clock map dictionary film play painting sculpture recipe proof algorithm computer radio telegraph
battery lamp star planet comet element molecule fossil island river mountain temple harbour prize medal race
match tournament election law treaty treasure code cipher game puzzle story letter report project team club shop
restaurant bakery farm factory workshop laboratory house tower wall road tunnel well mill castle village
festival market bank newspaper journal"""
)

VERBS = listed(
    """wrote invented discovered built designed founded painted composed published proved opened sold bought found
described created developed started led won lost joined left restored repaired studied taught translated
directed launched tested measured drew planned organised presented defended visited crossed saved ran managed
edited recorded photographed collected explored mapped named solved broke fixed sketched finished improved
announced"""
)

SKILLS = listed(
    """Python|Java|Rust|Go|SQL|Haskell|Excel|Photoshop|welding|carpentry|cooking|baking|sailing|chess|tennis|swimming|
painting|drawing|singing|piano|guitar|violin|French|German|Spanish|Japanese|Arabic|statistics|algebra|chemistry|
accounting|marketing|negotiation|public speaking|machine learning|data analysis|project planning|first aid|
gardening|photography|pottery|yoga|climbing|running|cycling|skiing|dancing|writing|editing|translation|
leadership"""
)

MONTHS = listed("January February March April May June July August September October November December")
WEEKDAYS = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
NUMBER_WORDS = listed("zero one two three four five six seven eight nine ten eleven twelve")

_ONSETS = ["", *listed("b br c ch cl d dr f fl g gr h j k kl kr l m n p pl pr qu r s sh sk sl st t th tr v w x y z")]
_VOWELS = listed("a a e e i i o o u y ai ea ee ie oa ou oo au")
_CODAS = listed("b ck d f g k l ll lt m n nd ng nt p r rd rn rt s sh ss st t th v x z") + [""] * 14


def unseen(word: object) -> bool:
    """Whether `word` is kept for the evaluation: one in eight, by its letters."""
    return zlib.crc32(str(word).lower().encode()) % 8 == 0


def pick(rng: random.Random, pool: Sequence[str], held: bool) -> str:
    """A word of `pool` on the wanted side of the split."""
    while True:
        word = rng.choice(pool)
        if unseen(word) == held:
            return word


def invented(rng: random.Random, held: bool, *, like: Sequence[str] = ()) -> str:
    """A word that no list holds, in small letters or shaped after the words `like`."""
    while True:
        way = rng.random()
        if like and way < 0.3:
            left, right = rng.choice(like), rng.choice(like)
            word = left[: max(2, len(left) // 2)] + right[len(right) // 2 :]
        elif like and way < 0.5:
            letters = list(rng.choice(like))
            for _ in range(rng.randint(1, 2)):
                letters[rng.randrange(len(letters))] = rng.choice("abcdefghijklmnoprstuvwyz")
            word = "".join(letters)
        elif way < 0.9:
            count = rng.choice((1, 2, 2, 2, 3))
            word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))
        else:
            word = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 8)))
        word = word.strip().lower() if " " not in word else ""
        if 2 <= len(word) <= 12 and unseen(word) == held:
            return word


def number(rng: random.Random, low: int, high: int, held: bool) -> int:
    """An integer of the range on the wanted side of the split (any, where the range is too small to split)."""
    for _ in range(200):
        value = rng.randint(low, high)
        if unseen(value) == held:
            return value
    return rng.randint(low, high)
