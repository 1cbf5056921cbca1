"""How variable stars are called: what people write, and how VSX writes the same name.

VSX has ``AG Peg``, ``V0838 Mon``, ``alf Ori``, ``mu. Cep``, ``pi.01 Gru``; people write ``ag peg``, ``V838 Mon``,
``Alpha Orionis``, ``μ Cep``, ``pi1 Gru``.
"""

from __future__ import annotations

import re

#: Letters as the General Catalogue of Variable Stars abbreviates them; those of two letters have a full stop.
GREEK = {
    "alf": ("alpha", "alp", "α"), "bet": ("beta", "β"), "gam": ("gamma", "γ"), "del": ("delta", "δ"),
    "eps": ("epsilon", "ε", "ϵ"), "zet": ("zeta", "ζ"), "eta": ("eta", "η"), "tet": ("theta", "the", "θ", "ϑ"),
    "iot": ("iota", "ι"), "kap": ("kappa", "κ"), "lam": ("lambda", "λ"), "mu.": ("mu", "μ", "µ"), "nu.": ("nu", "ν"),
    "ksi": ("xi", "xi.", "ξ"), "omi": ("omicron", "ο"), "pi.": ("pi", "π"), "rho": ("rho", "ρ"),
    "sig": ("sigma", "σ", "ς"), "tau": ("tau", "τ"), "ups": ("upsilon", "υ"), "phi": ("phi", "φ", "ϕ"),
    "khi": ("chi", "χ"), "psi": ("psi", "ψ"), "ome": ("omega", "ω"),
}  # fmt: skip

#: Other abbreviations of the same letters that catalogues use: tried too.
ALSO = {"khi": ("chi",), "tet": ("the",), "ksi": ("xi.", "xi"), "mu.": ("mu",), "nu.": ("nu",), "pi.": ("pi",)}

#: Constellations by the IAU's abbreviation: name and genitive.
CONSTELLATIONS = {
    "And": "Andromeda Andromedae", "Ant": "Antlia Antliae", "Aps": "Apus Apodis", "Aqr": "Aquarius Aquarii",
    "Aql": "Aquila Aquilae", "Ara": "Ara Arae", "Ari": "Aries Arietis", "Aur": "Auriga Aurigae",
    "Boo": "Bootes Bootis", "Cae": "Caelum Caeli", "Cam": "Camelopardalis Camelopardalis", "Cnc": "Cancer Cancri",
    "CVn": "CanesVenatici CanumVenaticorum", "CMa": "CanisMajor CanisMajoris", "CMi": "CanisMinor CanisMinoris",
    "Cap": "Capricornus Capricorni", "Car": "Carina Carinae", "Cas": "Cassiopeia Cassiopeiae",
    "Cen": "Centaurus Centauri", "Cep": "Cepheus Cephei", "Cet": "Cetus Ceti", "Cha": "Chamaeleon Chamaeleontis",
    "Cir": "Circinus Circini", "Col": "Columba Columbae", "Com": "ComaBerenices ComaeBerenices",
    "CrA": "CoronaAustralis CoronaeAustralis", "CrB": "CoronaBorealis CoronaeBorealis", "Crv": "Corvus Corvi",
    "Crt": "Crater Crateris", "Cru": "Crux Crucis", "Cyg": "Cygnus Cygni", "Del": "Delphinus Delphini",
    "Dor": "Dorado Doradus", "Dra": "Draco Draconis", "Equ": "Equuleus Equulei", "Eri": "Eridanus Eridani",
    "For": "Fornax Fornacis", "Gem": "Gemini Geminorum", "Gru": "Grus Gruis", "Her": "Hercules Herculis",
    "Hor": "Horologium Horologii", "Hya": "Hydra Hydrae", "Hyi": "Hydrus Hydri", "Ind": "Indus Indi",
    "Lac": "Lacerta Lacertae", "Leo": "Leo Leonis", "LMi": "LeoMinor LeonisMinoris", "Lep": "Lepus Leporis",
    "Lib": "Libra Librae", "Lup": "Lupus Lupi", "Lyn": "Lynx Lyncis", "Lyr": "Lyra Lyrae",
    "Men": "Mensa Mensae", "Mic": "Microscopium Microscopii", "Mon": "Monoceros Monocerotis", "Mus": "Musca Muscae",
    "Nor": "Norma Normae", "Oct": "Octans Octantis", "Oph": "Ophiuchus Ophiuchi", "Ori": "Orion Orionis",
    "Pav": "Pavo Pavonis", "Peg": "Pegasus Pegasi", "Per": "Perseus Persei", "Phe": "Phoenix Phoenicis",
    "Pic": "Pictor Pictoris", "Psc": "Pisces Piscium", "PsA": "PiscisAustrinus PiscisAustrini",
    "Pup": "Puppis Puppis", "Pyx": "Pyxis Pyxidis", "Ret": "Reticulum Reticuli", "Sge": "Sagitta Sagittae",
    "Sgr": "Sagittarius Sagittarii", "Sco": "Scorpius Scorpii", "Scl": "Sculptor Sculptoris",
    "Sct": "Scutum Scuti", "Ser": "Serpens Serpentis", "Sex": "Sextans Sextantis", "Tau": "Taurus Tauri",
    "Tel": "Telescopium Telescopii", "Tri": "Triangulum Trianguli",
    "TrA": "TriangulumAustrale TrianguliAustralis", "Tuc": "Tucana Tucanae", "UMa": "UrsaMajor UrsaeMajoris",
    "UMi": "UrsaMinor UrsaeMinoris", "Vel": "Vela Velorum", "Vir": "Virgo Virginis", "Vol": "Volans Volantis",
    "Vul": "Vulpecula Vulpeculae",
}  # fmt: skip

_PREFIX = re.compile(r"^(?:v?\*+|name|em\*)\s+", re.IGNORECASE)
_NUMBERED = re.compile(r"^v\s*0*(\d+)$", re.IGNORECASE)
_INDEXED = re.compile(r"^(\D+?)\.?\s*0*(\d*)$")


def spellings(name: str) -> list[str]:
    """Return how VSX may write a name, without case and blanks, the likeliest first.

    Parameters
    ----------
    name : str
        As people write it.

    Returns
    -------
    list of str
        Lower case, no blanks: to be compared with VSX's names made alike. What is no star of a constellation is itself.

    Examples
    --------
    >>> spellings("V838 Mon"), spellings("AG  Pegasi"), spellings("μ Cep")
    (['v0838mon', 'v838mon'], ['agpeg'], ['mu.cep', 'mucep'])
    >>> spellings("MU Cep")
    ['mucep', 'mu.cep']
    """
    text = " ".join(_PREFIX.sub("", " ".join(name.split())).split())
    star, constellation = _apart(text)
    if not constellation:
        return [plain(text)]
    return [f"{plain(word)}{constellation.lower()}" for word in dict.fromkeys(_designations(star))]


def as_written(name: str) -> list[str]:
    """Return how VSX may write a name, with its case and blanks: to be found at once where it does.

    Examples
    --------
    >>> as_written("v838 mon"), as_written("α Orionis"), as_written("ag peg")
    (['V0838 Mon', 'V838 Mon'], ['alf Ori'], ['AG Peg'])
    """
    star, constellation = _apart(" ".join(_PREFIX.sub("", " ".join(name.split())).split()))
    if not constellation:
        return [" ".join(name.split())]
    letters = [word if word in GREEK or word[:3] in GREEK else word.upper() for word in _designations(star)]
    return [f"{word} {constellation}" for word in dict.fromkeys(letters)]


def plain(name: str) -> str:
    """Return a name without case and blanks."""
    return "".join(name.lower().split())


def _apart(text: str) -> tuple[str, str]:
    """Return designation and constellation of a name; no constellation where it ends with none."""
    words = text.split()
    for n in (2, 1):  # Canis Major before Major
        if len(words) > n:
            found = _BY_NAME.get(plain("".join(words[-n:])))
            if found:
                return " ".join(words[:-n]), found
    if len(words) == 1:  # agpeg, V838Mon
        found = _BY_NAME.get(text[-3:].lower())
        if found and re.fullmatch(r"(?:[a-z]{1,2}|v0*\d{3,4})", text[:-3].lower()):
            return text[:-3], found
    return "", ""


def _designations(star: str) -> list[str]:
    """Return how the part before the constellation may be written."""
    numbered = _NUMBERED.match(star)
    if numbered:
        return [f"v{int(numbered[1]):04d}", f"v{int(numbered[1])}"]
    indexed = _INDEXED.match(star.lower())
    letter = _BY_LETTER.get(indexed[1].strip()) if indexed else None
    if indexed is None or letter is None:
        return [star]
    forms = (letter, *ALSO.get(letter, ()))
    if star.isupper() and letter.endswith("."):  # MU Cep is another star than mu Cep
        forms = forms[::-1]
    if not indexed[2]:
        return list(forms)
    return [f"{form}{index}" for form in forms for index in (f"{int(indexed[2]):02d}", indexed[2])]


_BY_LETTER = {
    word.rstrip("."): letter for letter, words in GREEK.items() for word in (letter, *words, *ALSO.get(letter, ()))
}
_BY_NAME = {word.lower(): short for short, words in CONSTELLATIONS.items() for word in (short, *words.split())} | {
    "böotes": "Boo",
    "boötes": "Boo",
}
