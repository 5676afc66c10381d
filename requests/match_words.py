"""Two words on both ends of a telephone: is the caller the one whose request this is?

They come from a random number of the request, stand on the pages of the one who asked and
of those who decide, and open nothing. Neutral words, hard to mishear, in both languages.
"""

from __future__ import annotations

import hashlib
import secrets

WORDS: tuple[tuple[str, str], ...] = (
    ("anchor", "Anker"), ("apple", "Apfel"), ("autumn", "Herbst"), ("basket", "Korb"),
    ("beacon", "Leuchtfeuer"), ("bell", "Glocke"), ("birch", "Birke"),
    ("bottle", "Flasche"), ("bridge", "Brücke"), ("brush", "Pinsel"),
    ("bucket", "Eimer"), ("button", "Knopf"), ("cabin", "Hütte"), ("candle", "Kerze"),
    ("canvas", "Leinwand"), ("carpet", "Teppich"), ("castle", "Burg"),
    ("cherry", "Kirsche"), ("circle", "Kreis"), ("cloud", "Wolke"), ("clover", "Klee"),
    ("coast", "Küste"), ("compass", "Kompass"), ("copper", "Kupfer"),
    ("coral", "Koralle"), ("corner", "Ecke"), ("cotton", "Baumwolle"),
    ("cradle", "Wiege"), ("cup", "Tasse"), ("curtain", "Vorhang"), ("desert", "Wüste"),
    ("drum", "Trommel"), ("eagle", "Adler"), ("evening", "Abend"), ("falcon", "Falke"),
    ("feather", "Feder"), ("fern", "Farn"), ("field", "Feld"), ("flute", "Flöte"),
    ("forest", "Wald"), ("fountain", "Brunnen"), ("garden", "Garten"),
    ("glass", "Glas"), ("glove", "Handschuh"), ("grape", "Traube"),
    ("hammer", "Hammer"), ("harbour", "Hafen"), ("hazel", "Hasel"), ("hill", "Hügel"),
    ("honey", "Honig"), ("island", "Insel"), ("ivory", "Elfenbein"),
    ("jacket", "Jacke"), ("jewel", "Juwel"), ("kettle", "Kessel"), ("lake", "See"),
    ("ladder", "Leiter"), ("lamp", "Lampe"), ("leaf", "Blatt"), ("lemon", "Zitrone"),
    ("library", "Bücherei"), ("lily", "Lilie"), ("maple", "Ahorn"),
    ("marble", "Marmor"), ("market", "Markt"), ("meadow", "Wiese"),
    ("mirror", "Spiegel"), ("moon", "Mond"), ("morning", "Morgen"),
    ("mountain", "Berg"), ("needle", "Nadel"), ("nest", "Nest"), ("oak", "Eiche"),
    ("ocean", "Meer"), ("olive", "Olive"), ("orchard", "Obstwiese"), ("otter", "Otter"),
    ("oven", "Ofen"), ("owl", "Eule"), ("paper", "Papier"), ("pearl", "Perle"),
    ("pebble", "Kiesel"), ("pencil", "Bleistift"), ("pepper", "Pfeffer"),
    ("piano", "Klavier"), ("pine", "Kiefer"), ("planet", "Planet"), ("plum", "Pflaume"),
    ("pigeon", "Taube"), ("pond", "Teich"), ("poppy", "Mohn"), ("river", "Fluss"),
    ("robin", "Rotkehlchen"), ("roof", "Dach"), ("rope", "Seil"), ("rose", "Rose"),
    ("saddle", "Sattel"), ("sail", "Segel"), ("salmon", "Lachs"), ("sand", "Sand"),
    ("scarf", "Schal"), ("shadow", "Schatten"), ("shell", "Muschel"),
    ("ship", "Schiff"), ("silver", "Silber"), ("snow", "Schnee"), ("spoon", "Löffel"),
    ("spring", "Frühling"), ("star", "Stern"), ("stone", "Stein"), ("summer", "Sommer"),
    ("swan", "Schwan"), ("table", "Tisch"), ("tower", "Turm"), ("tulip", "Tulpe"),
    ("tunnel", "Tunnel"), ("umbrella", "Schirm"), ("valley", "Tal"), ("velvet", "Samt"),
    ("violin", "Geige"), ("walnut", "Walnuss"), ("water", "Wasser"), ("wheel", "Rad"),
    ("willow", "Weide"), ("wagon", "Wagen"), ("winter", "Winter"), ("wool", "Wolle"),
    ("yarn", "Garn"),
)  # fmt: skip
"""(English, German): 128 of them, so that two make 16,256 pairs."""


def new_match_key() -> str:
    """What the words of one request are made from: 64 random bits, as hex."""
    return secrets.token_hex(8)


def match_words(key: str, language: str) -> str:
    """`anchor harbour` in the reader's language; never the same word twice."""
    digest = hashlib.sha256(key.encode()).digest()
    first = digest[0] % len(WORDS)
    second = (first + 1 + digest[1] % (len(WORDS) - 1)) % len(WORDS)
    column = 1 if language.startswith("de") else 0
    return f"{WORDS[first][column]} {WORDS[second][column]}"
