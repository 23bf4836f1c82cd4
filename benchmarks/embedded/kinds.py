"""The types of the training data and the sentences that tell of them; `wordings` holds more, to be put together.

In: nothing. Out: `KINDS`. The one idea: `[a|b]` is a choice, `{slot}` a field's words, `<filler>` others; so that a
few lines stand for many sentences. Caveat: a slot that starts a sentence must keep its spelling there (a name).
"""

from __future__ import annotations

from dataclasses import dataclass

from values import (
    BOOLEAN,
    DATE,
    INTEGER,
    NUMBER,
    STRING,
    Field,
    booleans,
    city,
    code,
    company,
    country,
    date,
    email,
    event,
    goods,
    integers,
    job,
    labels,
    listing,
    person,
    phone,
    phrase,
    price,
    skill,
    time,
)
from words import listed

__all__ = ["KINDS", "Kind"]
COLOURS = listed("red blue green black white yellow pink grey brown purple orange silver")


@dataclass(frozen=True)
class Kind:
    """A type of the data: its names, its weight in the mix, its fields and its sentences."""

    names: tuple[str, ...]
    weight: float
    fields: dict[str, Field]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())


def enum(*values: str) -> dict[str, object]:
    return {"enum": list(values)}


NAME = Field(("name", "full_name", "person", "name"), STRING, person, ("the full name", "who it is", "name of the person"))
AGE = Field(("age", "age", "years", "age_in_years"), INTEGER, integers(1, 99), ("age in years", "how old", "years of age"))
CITY = Field(("city", "town", "place", "location"), STRING, city, ("the city", "where", "name of the town"))
JOB = Field(("job", "profession", "occupation", "role"), STRING, job, ("what they do", "the profession"))
COUNTRY = Field(("country", "nation"), STRING, country, ("the country",))
EMPLOYER = Field(("employer", "company", "works_at"), STRING, company, ("the company", "where they work"))
BORN = Field(("born", "birth_year", "year_of_birth"), INTEGER, integers(1700, 2020), ("year of birth",))
PRICE = Field(("price", "cost", "amount", "total"), NUMBER, price, ("what it costs", "the price", "how much"))
QUANTITY = Field(("quantity", "count", "number", "units"), INTEGER, integers(1, 500, spelt=True), ("how many", "the number"))
ITEM = Field(("item", "product", "article", "goods"), STRING, goods, ("what is bought", "the thing"))
DATE_ = Field(("date", "day", "on", "when"), DATE, date, ("the day", "when it is"))
TIME = Field(("time", "hour", "at", "start"), STRING, time, ("the time of day", "when it starts"))
EMAIL = Field(("email", "mail", "email_address"), STRING, email, ("the address",))
PHONE = Field(("phone", "phone_number", "tel", "telephone"), STRING, phone, ("the number to call",))
STARS = Field(("rating", "stars", "score"), INTEGER, integers(1, 5), ("stars from 1 to 5",))

PERSON_SEEN = lines("""
{name}, {age}, <deed> in {city}.
{name}, {age}, <deed>.
{name}, {age}, [is|was|works as|became] a {job}.
{name}, {age}, [is|was] a {job} [in|from] {city}.
{name} ({age}) <deed> [in|near] {city}.
{name} ({age}) [lives|works|grew up] in {city}[| and <deed>| <when>].
{name} (age {age}) is a {job}[| who <deed>].
{name} is {age} years old[.| and lives in {city}.| and works as a {job}.]
{name} is {age}[.| and lives in {city}.|, lives in {city} and works as a {job}.]
{name}, who is {age}, <deed> [in {city}|<when>|].
{name}, aged {age}, <deed>[| in {city}].
{name}, a {job} [of|aged] {age}, <deed>[| in {city}].
{name}, a {age}-year-old {job} from {city}, <deed>.
At {age}, {name} <deed>[| in {city}].
At the age of {age}, {name} <deed>[| in {city}].
<When>, {name}, {age}, <deed>[| in {city}].
In {city}, {name}, {age}, <deed>.
In {city}, a {age}-year-old {job} [called|named] {name} <deed>.
The {job} {name} [is {age}|turned {age} <when>|, {age}, <deed>].
The {age}-year-old {name} <deed>[| in {city}| <when>].
Our {job} is {name}, {age}[.|, from {city}.]
Meet {name}: {age}, {job}, [based in|from] {city}.
My name is {name}[, I am {age}| and I am {age} years old|, age {age}][.| and I live in {city}.| and I work as a {job}.]
I am {name}, {age}[| years old], [from {city}|a {job}|and I <deed>].
I'm {name} and I'm {age}. I [live in {city}|work as a {job}].
[Hi|Hello], {name} here, {age}, {job} [in|from] {city}.
{name} turned {age} <when>[.| and <deed>.]
{name} celebrated [a birthday|turning {age}] in {city} at {age}.
{name} works as a {job} in {city}[| and is {age}| at {age}].
{name} was {age} when [she|he|they] <deed>[| in {city}].
When {name} <deed>, [she|he] was {age}[| and lived in {city}].
The <noun> was [made|found|built|seen] by {name}, {age}[.|, in {city}.|, a {job} from {city}.]
A <adj> <noun> was found [in {city}|<when>] by {name} ({age}).
{name} of {city} <deed> at {age}.
{name} moved from <city> to {city} at the age of {age}.
{name} [comes from|was born in|lives in] {city}. [She|He] is {age}[.| and works as a {job}.]
[She|He|The winner|The author|The new {job}] is called {name}[, is {age}| and is {age}][| and comes from {city}].
Name: {name}. Age: {age}. [City: {city}.|Job: {job}.|Lives in {city}.]
{name} | {age} | {city} | {job}
{name}; {age}; {job}; {city}
name {name}, age {age}, city {city}
{name}, {job}, {city}, {age}
{name}, {age}, {city}
{name}, {age}
{name} {age}
{name} [said|told us] that [she|he] <deed> at {age} in {city}.
[Police|Friends|Doctors|Reporters] [say|said] {name}, {age}, <deed> in {city}.
{name} from {country}, {age}, <deed>[| in {city}].
{name}, {age}, of {city}, {country}, <deed>.
{name} is a {job} in {city}, {country}.
{name} ({age}) works for {employer} in {city}[| as a {job}].
{name} works at {employer} as a {job}[| and is {age}| in {city}].
{employer} [hired|employs] {name}, {age}, as a {job}[| in {city}].
{name} [joined|left] {employer} at {age}[| to work as a {job}].
{name} was born in {born}[.| in {city}.| and became a {job}.]
Born in {born}, {name} <deed>[| in {city}].
{name} ([born|b.] {born}) <deed>[| in {city}].
After <number> years in <city>, {name}, now {age}, <deed> in {city}.
With <number> [friends|children|colleagues], {name}, {age}, <deed>.
In <year> {name}, then {age}, <deed>[| in {city}].
In <year>, {name} ({age}) <deed>.
{name} <deed> in <year> at {age}.
{name} <deed> in {city} in <year>, aged {age}.
{name} has been a {job} for <number> years and is {age} [now|years old].
{name} <deed>. [She|He] is {age} and [lives in|comes from] {city}.
{name} <deed> in {city}. [She|He] was {age}[.| then.| years old.]
{name} is a <adj> {job}. At {age}, [she|he] <deed> in {city}.
The <noun> is <adj>. {name}, {age}, <deed> in {city}.
It was <when> that {name}, {age}, <deed>.
Everybody in {city} knows {name}, {age}, the {job} who <deed>.
[Congratulations to|Thanks to|Here is|This is] {name}, {age}, [from {city}|our {job}|who <deed>].
""")

PERSON_UNSEEN = lines("""
Aged just {age}, {name} of {city} <deed>.
Today we talked to {name}, a {job} who is {age} and lives in {city}.
{name} reached {age} <when> and still works in {city} as a {job}.
There was a {job} in {city} whose name was {name}, {age} years of age.
Few know that {name}, {age}, <deed> while living in {city}.
Nobody expected {name} ({age}, {job}) to win in {city}.
{age} years old and a {job} by trade, {name} <deed>.
For {name}, {age}, the <noun> began in {city}.
{name}, {age}, has never left {city}.
A letter from {name}, {age}, reached us <when> from {city}.
""")

PERSON = Kind(
    ("Person", "Person", "Human", "People", "Profile", "Someone", "User", "Employee", "Author", "Scientist", "Record"),
    3.5,
    {"name": NAME, "age": AGE, "city": CITY, "job": JOB, "country": COUNTRY, "employer": EMPLOYER, "born": BORN},
    PERSON_SEEN,
    PERSON_UNSEEN,
)

EVENT = Kind(
    ("Event", "CalendarEvent", "Happening"),
    1.1,
    {
        "title": Field(("title", "name", "event"), STRING, event, ("the title", "what it is called")),
        "date": DATE_,
        "place": Field(("place", "venue", "city", "location"), STRING, city, ("where it is held",)),
        "time": TIME,
        "free": Field(
            ("free", "is_free", "free_entry"),
            BOOLEAN,
            booleans(
                ("Entry is free", "Admission is free", "It costs nothing"),
                ("Tickets are needed", "Entry must be paid", "It is not free"),
            ),
        ),
    },
    lines("""
    The {title} [takes place|is held|will be|happens] in {place} on {date}.
    The {title} [takes place|is held] on {date} in {place}[| at {time}].
    On {date} the {title} [opens|starts|begins] in {place}[| at {time}].
    [Join us|See you|Come] at the {title} in {place} on {date}[| at {time}]. {free}.
    {title}: {date}, {place}[|, {time}].
    {title}, {place}, {date}
    [Save the date|Do not forget|Reminder]: {title}, {date}, in {place}. {free}.
    {place} hosts the {title} on {date}[| from {time}]. {free}.
    {free} at the {title} [in {place}|on {date}|at {time}].
    We [moved|postponed] the {title} to {date}[| in {place}].
    """),
    lines("""
    Visitors can enjoy the {title} when it comes to {place} on {date}.
    Mark {date} for the {title}, which starts at {time} in {place}.
    This year {place} welcomes the {title}; doors open at {time}. {free}.
    """),
)

ORDER = Kind(
    ("Order", "Purchase", "OrderLine", "Sale"),
    1.4,
    {
        "item": ITEM,
        "quantity": QUANTITY,
        "price": PRICE,
        "customer": Field(
            ("customer", "buyer", "client", "customer_name"), STRING, person, ("who buys", "name of the buyer")
        ),
        "status": Field(
            ("status", "state"),
            enum("pending", "shipped", "cancelled"),
            labels(
                {
                    "pending": ("is still pending", "has not left yet", "is waiting"),
                    "shipped": ("was shipped", "is on its way", "has been sent"),
                    "cancelled": ("was cancelled", "was called off", "has been cancelled"),
                }
            ),
        ),
    },
    lines("""
    {customer} [ordered|bought|purchased|wants|needs] {quantity} [|units of |pieces of |x ]{item}[| for {price}].
    {customer} [paid|spent] {price} [for|on] {quantity} {item}.
    [Order|Sale] for {customer}: {quantity} [x |]{item}[, {price}| at {price}|, total {price}].
    {quantity} {item} for {customer}[|, {price}]. The order {status}.
    Please send {quantity} {item} to {customer}[| for {price}].
    I [would like|want] to order {quantity} {item}. [My name is|Regards,] {customer}.
    The order of {quantity} {item} by {customer} {status}.
    The {item} that {customer} ordered {status}. It [costs|cost] {price}.
    {customer}'s order ({quantity} {item}, {price}) {status}.
    Item: {item}. Quantity: {quantity}. Price: {price}. Customer: {customer}.
    We sold {quantity} {item} to {customer}[| at {price} each| for {price}].
    """),
    lines("""
    {customer} called and asked for {quantity} more {item}, paying {price}.
    For {price}, {customer} took home {quantity} {item} <when>.
    A parcel with {quantity} {item} for {customer} {status}.
    """),
)

CONTACT = Kind(
    ("Contact", "ContactDetails", "Customer", "Lead"),
    2.0,
    {
        "name": NAME,
        "email": EMAIL,
        "phone": PHONE,
        "company": Field(("company", "organisation", "firm"), STRING, company),
        "city": CITY,
    },
    lines("""
    [Contact|Write to|Reach] {name} at {email}[| or {phone}| or call {phone}].
    [Call|Phone] {name} [at|on|under] {phone}[| or write to {email}].
    {name}, {company}, {email}, {phone}
    {name} <{email}>
    My name is {name}[| from {company}], my [email|address] is {email}[| and my phone number is {phone}].
    You can [reach|find] {name} of {company} [by mail at {email}|by phone at {phone}|in {city}].
    Name: {name}. Email: {email}. Phone: {phone}.
    {name} works at {company} in {city}; [mail|email] {email}, [tel|phone] {phone}.
    Best regards, {name}, {company}, {phone}, {email}
    The email of {name} is {email}[| and the phone number is {phone}].
    """),
    lines("""
    If you need help, ask {name} ({email}, {phone}) at {company}.
    Send the <noun> to {email}; {name} from {company} will answer, or ring {phone}.
    {name} can be dialled at {phone} and lives in {city}.
    """),
)

BOOKING = Kind(
    ("Booking", "Reservation", "HotelBooking", "Table"),
    1.6,
    {
        "guest": Field(("guest", "name", "guest_name", "booked_by"), STRING, person, ("who books",)),
        "guests": Field(
            ("guests", "people", "party_size", "persons"), INTEGER, integers(1, 40, spelt=True), ("how many people",)
        ),
        "date": DATE_,
        "nights": Field(("nights", "stay", "number_of_nights"), INTEGER, integers(1, 30, spelt=True), ("how many nights",)),
        "place": Field(("hotel", "place", "restaurant", "city"), STRING, city, ("where",)),
        "breakfast": Field(
            ("breakfast", "with_breakfast"),
            BOOLEAN,
            booleans(
                ("with breakfast", "breakfast included", "including breakfast"),
                ("without breakfast", "no breakfast", "breakfast not included"),
            ),
        ),
    },
    lines("""
    [A table|A room] for {guests} [people|persons|guests] on {date}, name {guest}[|, {breakfast}].
    {guest} [booked|reserved] [a room|a table] for {guests} [people|guests] in {place} on {date}.
    {guest} [stays|is staying|will stay] {nights} nights in {place} from {date}[|, {breakfast}].
    Please [book|reserve] {nights} nights in {place} for {guest}, {breakfast}.
    [Booking|Reservation]: {guest}, {guests} [guests|people], {date}, {nights} nights.
    We are {guests} [people|guests] and [arrive|come] on {date} for {nights} nights, {breakfast}. {guest}
    From {date}, {guest} needs a room in {place} for {nights} nights.
    {place}, {date}, {nights} nights, {guests} guests, {guest}, {breakfast}
    """),
    lines("""
    Could {guest} have a room in {place} for {nights} nights, arriving {date}, {breakfast}?
    On {date} a party of {guests} led by {guest} arrives in {place}.
    """),
)

REVIEW = Kind(
    ("Review", "ProductReview", "Feedback"),
    1.5,
    {
        "product": Field(("product", "item", "subject"), STRING, goods, ("what is reviewed",)),
        "rating": STARS,
        "author": Field(("author", "reviewer", "user", "name"), STRING, person, ("who wrote it",)),
        "sentiment": Field(
            ("sentiment", "mood", "opinion"),
            enum("positive", "negative"),
            labels(
                {
                    "positive": (
                        "I love it",
                        "It is great",
                        "It works very well",
                        "Excellent",
                        "I am very happy",
                        "Perfect",
                        "I recommend it",
                    ),
                    "negative": (
                        "I hate it",
                        "It is awful",
                        "It broke at once",
                        "Terrible",
                        "I am disappointed",
                        "A waste of money",
                        "Do not buy it",
                    ),
                }
            ),
        ),
    },
    lines("""
    {rating} [stars|out of 5|/5] for the {product}. {sentiment}[. {author}|!|.]
    {author} gave the {product} {rating} [stars|points|out of 5]. {sentiment}.
    {author} [bought|tried|tested] the {product}: "{sentiment}", {rating} stars.
    The {product} [gets|deserves|earns] {rating} stars from {author}. {sentiment}.
    {sentiment}! The {product} is [here|in use] since <when>. {rating} stars, {author}
    I gave {rating} stars to this {product}. {sentiment}.
    {author} wrote about the {product}: {sentiment}.
    """),
    lines("""
    After a week with the {product} I say: {sentiment}. My score is {rating}. Signed, {author}
    {author} rates the {product} with {rating}. {sentiment}!
    """),
)

PRODUCT = Kind(
    ("Product", "Article", "Offer", "StockItem"),
    1.1,
    {
        "name": Field(("name", "product", "title", "product_name"), STRING, goods, ("what it is called",)),
        "price": PRICE,
        "maker": Field(("brand", "maker", "manufacturer", "company"), STRING, company, ("who makes it",)),
        "colors": Field(
            ("colors", "colours"),
            {"type": "array", "items": {"type": "string"}},
            listing(
                labels({c: (c,) for c in COLOURS}),
                1,
                3,
            ),
            ("colours on sale",),
        ),
        "in_stock": Field(
            ("in_stock", "available", "stock"),
            BOOLEAN,
            booleans(
                ("is in stock", "is available", "can be bought now"),
                ("is sold out", "is not available", "is out of stock"),
            ),
        ),
        "weight": Field(
            ("weight_kg", "weight", "kilograms"),
            NUMBER,
            lambda rng, held: (lambda v: (f"{v}", v))(round(rng.randint(1, 99) + rng.randint(1, 9) / 10, 1)),
            ("weight in kilograms",),
        ),
    },
    lines("""
    The {name} [by|from] {maker} [costs|sells for|is sold at] {price}[| and {in_stock}| and weighs {weight} kg].
    The {name} {in_stock}[| and costs {price}| and comes in {colors}].
    {maker} [sells|makes|offers] the {name} in {colors}[| for {price}].
    {maker} [announced|launched] a {name} [at|for] {price}, weighing {weight} kg.
    [Buy|Get|New:] the {name} for [only|just|] {price}[|, in {colors}].
    {name}: {price}, {weight} kg, {colors}
    At {price}, the {name} from {maker} {in_stock}.
    Available in {colors}, the {name} [weighs {weight} kg|costs {price}].
    """),
    lines("""
    You pay {price} for a {name} made by {maker}; it weighs {weight} kg.
    Choose {colors} when you pick the {name}, which {in_stock}, for {price}.
    """),
)

FLIGHT = Kind(
    ("Flight", "Trip", "FlightInfo", "Journey"),
    1.5,
    {
        "number": Field(("number", "flight", "flight_number", "code"), STRING, code, ("the flight number",)),
        "origin": Field(
            ("origin", "from", "departure", "from_city"), STRING, city, ("where it starts", "city of departure")
        ),
        "destination": Field(
            ("destination", "to", "arrival", "to_city"), STRING, city, ("where it goes", "city of arrival")
        ),
        "date": DATE_,
        "gate": Field(("gate", "gate_code"), STRING, code, ("the gate",)),
        "passengers": Field(("passengers", "seats", "travellers"), INTEGER, integers(1, 400), ("how many people",)),
        "delayed": Field(
            ("delayed", "is_late"),
            BOOLEAN,
            booleans(("is delayed", "is late", "will leave later"), ("is on time", "is punctual", "leaves as planned")),
        ),
    },
    lines("""
    Flight {number} from {origin} to {destination} {delayed}.
    Flight {number} [leaves|departs from] {origin} for {destination} on {date}[| from gate {gate}].
    {number} {origin} to {destination}, {date}, gate {gate}
    On {date}, {passengers} passengers [flew|travelled] from {origin} to {destination}.
    [Fly|Travel] from {origin} to {destination} on {date} with {number}.
    The flight to {destination} from {origin} {delayed}, gate {gate}.
    Passengers of {number} to {destination}: [go to|use] gate {gate}. The flight {delayed}.
    I need [a flight|{passengers} seats] from {origin} to {destination} on {date}.
    {number} [carried|took] {passengers} people to {destination}.
    """),
    lines("""
    Bound for {destination}, {number} takes off in {origin} on {date} and {delayed}.
    From {origin} we go to {destination} with {passengers} people; look for gate {gate}.
    """),
)

MEETING = Kind(
    ("Meeting", "Appointment", "Call"),
    1.5,
    {
        "topic": Field(("topic", "subject", "title", "about"), STRING, phrase, ("what it is about",)),
        "attendees": Field(
            ("attendees", "people", "participants", "with"),
            {"type": "array", "items": {"type": "string"}},
            listing(person, 1, 3),
            ("who comes",),
        ),
        "date": DATE_,
        "time": TIME,
        "room": Field(("room", "room_code"), STRING, code, ("which room",)),
        "online": Field(
            ("online", "remote"),
            BOOLEAN,
            booleans(("by video", "online", "as a video call"), ("in person", "in the office", "on site")),
        ),
    },
    lines("""
    Meeting about the {topic} with {attendees} on {date}[| at {time}].
    [Meet|Let us meet|Talk to] {attendees} [about|to discuss] the {topic} at {time}[| in room {room}| on {date}].
    {attendees} [meet|will meet] on {date} at {time} [in room {room}|{online}] to [discuss|plan] the {topic}.
    At {time} we [talk about|review] the {topic} {online}[| with {attendees}].
    Topic: {topic}. Date: {date}. Time: {time}. Room: {room}.
    The {topic} [meeting|call] with {attendees} is at {time} {online}.
    Room {room} is [booked|reserved] for {attendees} on {date} at {time}.
    On {date} I see {attendees} about the {topic}.
    """),
    lines("""
    Please invite {attendees} for {date}, {time}, room {room}; we speak about the {topic}.
    The {topic} needs a decision: {attendees} gather {online} at {time}.
    """),
)

PAYMENT = Kind(
    ("Payment", "Transfer", "Transaction", "Invoice"),
    1.8,
    {
        "amount": Field(("amount", "sum", "total", "value"), NUMBER, price, ("how much",)),
        "sender": Field(("sender", "payer", "from", "from_name"), STRING, person, ("who pays",)),
        "receiver": Field(("receiver", "payee", "to", "recipient"), STRING, person, ("who gets the money",)),
        "date": DATE_,
        "reference": Field(
            ("reference", "invoice", "ref", "number"), STRING, code, ("the reference", "number of the invoice")
        ),
        "method": Field(
            ("method", "paid_by"),
            enum("cash", "card", "transfer"),
            labels(
                {
                    "cash": ("in cash", "with coins and notes", "cash"),
                    "card": ("by card", "with a credit card", "by credit card"),
                    "transfer": ("by bank transfer", "by transfer", "from a bank account"),
                }
            ),
        ),
    },
    lines("""
    {sender} [paid|sent|transferred|gave|owes] {amount} to {receiver}[| on {date}| {method}].
    {sender} [paid|sent] {receiver} {amount}[| {method}| on {date}], [reference|invoice] {reference}.
    {receiver} [received|got] {amount} from {sender}[| on {date}| {method}].
    Invoice {reference} [of|over|for] {amount} was paid {method}[| by {sender}][| on {date}].
    Transfer {amount} from {sender} to {receiver}[|, reference {reference}].
    On {date}, {sender} paid {amount} {method}.
    Payment of {amount} by {sender}, {date}, {reference}
    """),
    lines("""
    An amount of {amount} went from {sender} to {receiver} {method}.
    {sender} settled {reference} with {receiver}, {amount}, on {date}.
    """),
)

TEAM = Kind(
    ("Candidate", "Resume", "Applicant", "Member"),
    2.2,
    {
        "name": NAME,
        "skills": Field(
            ("skills", "knows", "abilities"),
            {"type": "array", "items": {"type": "string"}},
            listing(skill),
            ("what they can do",),
        ),
        "years": Field(
            ("years", "experience", "years_of_experience"),
            INTEGER,
            integers(1, 40, spelt=True),
            ("years of experience",),
        ),
        "city": CITY,
        "role": Field(("role", "position", "job"), STRING, job, ("the position",)),
        "remote": Field(
            ("remote", "works_remotely"),
            BOOLEAN,
            booleans(("works from home", "works remotely"), ("works in the office", "comes to the office")),
        ),
    },
    lines("""
    {name} [knows|can do|is good at|learned] {skills}[.| and has {years} years of experience.]
    {name} has {years} years of experience [in|with] {skills}[| and lives in {city}].
    {name} [applies|applied] for the position of {role}. Skills: {skills}.
    With {years} years as a {role}, {name} [knows|offers] {skills} and {remote}.
    Skills of {name}: {skills}. Experience: {years} years.
    {name}, {role} in {city}, {remote} and likes {skills}.
    {skills} are the skills of {name}, a {role} from {city}.
    """),
    lines("""
    We met {name}, {years} years in the trade, strong in {skills}, who {remote}.
    The new {role} in {city} is {name}; talents: {skills}.
    """),
)

BOOK = Kind(
    ("Book", "Work", "Publication", "Film"),
    1.0,
    {
        "title": Field(("title", "name", "book"), STRING, event, ("the title",)),
        "author": Field(("author", "writer", "creator", "by"), STRING, person, ("who made it",)),
        "year": Field(("year", "published", "year_published"), INTEGER, integers(1700, 2025), ("year of publication",)),
        "pages": Field(("pages", "page_count", "length"), INTEGER, integers(20, 990), ("number of pages",)),
        "genre": Field(
            ("genre", "kind", "category"),
            enum("fiction", "history", "science"),
            labels(
                {
                    "fiction": ("a novel", "fiction", "a made-up story"),
                    "history": ("a history book", "history", "a book about the past"),
                    "science": ("a science book", "science", "a book about nature"),
                }
            ),
        ),
    },
    lines("""
    "{title}" by {author} [was published|came out|appeared] in {year}[| and has {pages} pages].
    {author} [wrote|published|finished] "{title}" in {year}. It is {genre}[| with {pages} pages].
    In {year}, {author} [wrote|released] {title}, {genre}.
    {title} ({year}) is {genre} by {author}[| of {pages} pages].
    {author}: {title}, {year}, {pages} pages
    The {pages} pages of "{title}" were written by {author}[| in {year}].
    I [read|am reading] {title} by {author}, {genre} [of {pages} pages|from {year}].
    """),
    lines("""
    Readers love {author} for {title}, {genre} printed in {year}.
    It took {author} long to fill {pages} pages, but "{title}" was ready in {year}.
    """),
)

KINDS = (PERSON, EVENT, ORDER, CONTACT, BOOKING, REVIEW, PRODUCT, FLIGHT, MEETING, PAYMENT, TEAM, BOOK)
