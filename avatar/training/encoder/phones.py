"""The phone and viseme classes that the encoder is trained for."""

from dataclasses import dataclass

_ARPABET = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH "
    "UH UW V W Y Z ZH"
)
PHONES = ("SIL", *_ARPABET.split())
PHONE_INDEX = {phone: index for index, phone in enumerate(PHONES)}
SILENCE = 0
UNKNOWN = 255  # where nobody knows what is said

_MEMBERS = {
    "SIL": "SIL",
    "PP": "P B M",
    "FF": "F V",
    "TH": "TH DH",
    "DD": "T D N L",
    "KK": "K G NG HH",
    "CH": "CH JH SH ZH",
    "SS": "S Z",
    "RR": "R ER",
    "AA": "AA AE AH AY AW",
    "EE": "EH EY",
    "II": "IH IY Y",
    "OO": "AO OW OY",
    "UU": "UW UH W",
}
VISEMES = tuple(_MEMBERS)
VISEME_OF_PHONE = tuple(
    next(index for index, members in enumerate(_MEMBERS.values()) if phone in members.split())
    for phone in PHONES
)
LIP_CLOSING = frozenset({"P", "B", "M"})
OPEN_VOWELS = frozenset({"AA", "AE", "AY", "AW", "AO"})


@dataclass(frozen=True)
class Phone:
    """One phone of an utterance and when it is heard, in seconds."""

    name: str
    start: float
    end: float
