"""The wording of questions about the collection: how they start, how they restrict papers, and words they never use.

Each pattern matches whole words, whatever their case.
"""

from __future__ import annotations

import re
from typing import Literal

from rag.text.dates import ISO_DATE, WRITTEN_DATE, YEAR

Want = Literal[
    "count",
    "list",
    "newest",
    "oldest",
    "by_year",
    "by_month",
    "by_source",
    "range",
    "title",
    "authors",
    "date",
    "most_authors",
    "fewest_authors",
    "by_author",
    "by_organisation",
    "coauthors",
    "organisation",
    "untold",
]
Lacking = Literal["date", "authors", "organisation"]

_NOUN = r"(?:papers?|abstracts?|articles?|publications?)"
_DAY = WRITTEN_DATE
_HERE = r"(?:the|this|your|our|my) (?:whole |entire )?(?:collection|library|corpus|database)"
NUMBERS = {word: n for n, word in enumerate("two three four five six seven eight nine ten".split(), 2)}
COUNTED = r"\d{1,2}|" + "|".join(NUMBERS)
_TOP = r"newest|latest|most recent|most recently published|oldest|earliest"
_SHOW = r"(?:list|show|give|find|name|display|get)(?: me)?"
_WHAT = r"(?:what|which)(?: is| are| was| were)?|what['’]s"
_PRE = rf"(?:(?P<pre>(?!(?:{_TOP})\b)\S+(?: \S+){{0,2}}?) )?"  # "diffusion" of "how many diffusion papers"
_COUNT = rf"(?:how many|(?:(?:{_WHAT}) )?(?:the )?(?:total )?number of)"
_SPAN = r"(?:years|dates|period|time period|time span|date range|range of (?:dates|years))"
_ANY = r"(?:which|what|any|are there(?: any)?|is there (?:an?|any)|do you have(?: any)?|does any|do any)"
_TITLE = r"(?P<title>.+)"
_CALLED = (
    r"(?:(?:is|was|are|that is) )?(?:titled|entitled|called|named|with the (?:title|name)|by the (?:title|name))"
    r"(?: of)?(?: something)?(?: (?:like|similar to))? (?!after |for |into )" + _TITLE
)
# How a question starts, up to its noun. Restrictions follow. The first head that matches is tried first.
_HEADS: tuple[tuple[Want, str], ...] = (
    ("title", rf"(?:(?:which|what|{_SHOW} (?:the|an?)|(?:is|are) there (?:an?|any)) )?{_NOUN} {_CALLED}"),
    ("title", rf"(?:do|does) (?:you|we|{_HERE}) (?:have|contain|hold) (?:the|an?|any) {_NOUN} {_CALLED}"),
    (
        "most_authors",
        rf"(?:which|what) {_NOUN} (?:has|have) the (?:most|largest number of|highest number of) (?:co-?)?authors"
        rf"|(?:(?:{_WHAT}) )?the {_NOUN} with the most (?:co-?)?authors",
    ),
    (
        "by_author",
        rf"(?:which|what) authors? (?:has|have) (?:written |published |authored )?the most {_NOUN}"
        rf"|who (?:wrote|published|authored|has (?:written|published)) the most {_NOUN}"
        rf"|(?:{_WHAT} )?the most prolific authors?",
    ),
    ("authors", rf"{_COUNT} (?:co-?)?authors (?:(?:does|did|do) (?=.* have$)|(?:has|have|of|are on|wrote) ){_TITLE}"),
    ("authors", rf"(?:who (?:wrote|authored|(?:is|are) the (?:co-?)?authors? of)|(?:list |name )?the authors of) {_TITLE}"),
    ("range", rf"(?:what|which) {_SPAN} (?:does|do|is|are) (?:{_HERE}|the {_NOUN})(?: cover| span| from| covered)?"),
    ("range", rf"(?:what|which) (?:years|dates) are (?:covered|there|in {_HERE})"),
    ("range", rf"(?:(?:{_WHAT}) )?the {_SPAN} (?:of|covered by) (?:{_HERE}|the {_NOUN})"),
    ("range", rf"how far back (?:does|do) (?:{_HERE}|the {_NOUN}) go"),
    ("by_source", rf"(?:what|which) sources (?:does {_HERE} have|do you have|are there|are in {_HERE})"),
    ("by_source", rf"list (?:all )?the sources|where do (?:the|your) {_NOUN} come from"),
    ("count", rf"how (?:big|large) is {_HERE}|(?:(?:{_WHAT}) )?the size of {_HERE}"),
    ("count", rf"(?:{_COUNT}|count|give me the number of)(?: (?:all )?(?:of )?(?:the|your|our|my|all))? {_PRE}{_NOUN}"),
    (
        "newest",
        rf"(?:(?:{_WHAT}|{_SHOW}|when (?:was|is)|how old is) )?(?:the )?(?:(?P<n>{COUNTED}) )?(?P<top>{_TOP}) "
        rf"(?:(?P<m>{COUNTED}) )?"
        rf"{_PRE}(?P<noun>{_NOUN})",
    ),
    (
        "by_year",
        rf"(?:{_COUNT} {_NOUN}|{_NOUN}) (?:are there |were there |were published |came out )?(?:per|each|every|by) year",
    ),
    (
        "by_year",
        rf"how (?:has|have|did) the number of {_PRE}{_NOUN}"
        r"(?= (?:on|about|that|which|chang|grow|develop|evolv))",
    ),
    ("date", r"when (?:was|did|were) (?P<title>.+?) (?:published|released|posted|come out|appear)"),
    ("list", rf"(?P<show>{_SHOW}|what are)(?: (?:(?P<all>all)(?: of)?|every|the|any|some|a list of))* {_PRE}{_NOUN}"),
    ("list", rf"(?:{_ANY} )?(?:of (?:the|these|those|your|our|all(?: the)?) )?{_PRE}{_NOUN}"),
)
_PERSON = r"(?-i:[A-Z][\w.'’-]+(?: (?:[A-Z][\w.'’-]*|van|von|de|der|den|la|le))*)"
_ALONE = r"(?:one|a single|only one|just one)"
_PUBLISHED = (
    r"(?:(?:that |which )?(?:was |were |are |is |has been |have been )?"
    r"(?:published |dated |released |written |posted |out )?|came out |come out )"
)
_LISTED = r"(?:that |which )?(?:are |were )?listed (?:by|in)"
# Restrictions, in any order. The groups `a` and `b` are their values.
_RESTRICTIONS: tuple[tuple[str, str], ...] = (
    ("by", r"(?:(?:are there|do you have|were published|come) )?(?:per|by|for each|in each|from each|each) (?P<a>year|source)"),
    (
        "alone",
        rf"(?:(?:that |which )?(?:were |are |was |is |have been )?(?:written|authored|published) by {_ALONE} (?:person|author|"
        rf"researcher|scientist)|(?:that have|that has|having|have|has|with) {_ALONE} author)(?: alone| only| each)?",
    ),
    (
        "author",
        rf"(?:(?:that |which )?(?:were |are |was |is |have been )?(?:written |authored |published )?by) (?P<a>{_PERSON})",
    ),
    (
        "author",
        rf"(?:that |which )?(?:lists?|names?|have|has|with|having) (?P<a>{_PERSON}) (?:among (?:their|the|its) (?:co-?)?authors"
        r"|as (?:an? |the )?(?:co-?)?authors?)",
    ),
    ("between", rf"{_PUBLISHED}(?:between|from|in) (?P<a>{_DAY})(?: (?:and|to|until|till|through) | ?[-–] ?)(?P<b>{_DAY})"),
    ("since", rf"{_PUBLISHED}(?:since (?P<a>{_DAY})|(?:from|in) (?P<b>{_DAY})(?: onwards?| or later| and later| on$))"),
    ("after", rf"{_PUBLISHED}(?:from )?after (?P<a>{_DAY})"),
    ("before", rf"{_PUBLISHED}(?:from )?before (?P<a>{_DAY})"),
    ("until", rf"{_PUBLISHED}(?:until|till|up to) (?P<a>{_DAY})"),
    ("in", rf"{_PUBLISHED}on (?=\S{{10}}$|\S{{10}} )(?P<a>{_DAY})"),
    ("in", rf"{_PUBLISHED}(?:from|in|of|during) (?:the year )?(?P<a>{_DAY})|dated (?P<b>{_DAY})"),
    ("ago", rf"{_PUBLISHED}(?:in|from|over|of|within) the (?:last|past) (?:(?P<a>{COUNTED}) )?(?P<b>months?|years?)"),
    ("ago", rf"{_PUBLISHED}recently"),
    ("scope", rf"(?:(?:that )?are |is )?(?:held |stored |indexed |there )?(?:in|of) {_HERE}|(?:are|is) (?:there|here)|here"),
    (
        "scope",
        rf"(?:do|have) (?:you|we) (?:have|got|hold)|(?:that )?(?:you|we) have|does {_HERE} (?:have|hold|contain|include)",
    ),
    (
        "scope",
        r"(?:chang|gr[eo]w|develop|evolv)\w*(?: (?:over|through|by|with|across|from year to)(?: the)? (?:years?|time))?",
    ),
    ("scope", r"in total|in all|altogether|overall|(?:are )?available|(?:was |were )?(?:published|released)"),
    ("source", rf"(?:{_LISTED}|(?:(?:that |which )?(?:are |were |come )?(?:from|in))) (?:the )?source (?P<a>\S+)"),
    ("source", rf"{_LISTED} (?P<a>\S+)"),
)
_HAVING = r"(?:have|has|having|with|containing|contains?|mentions?|mentioning)"
# Field of Query, the words before a topic, and the words after it.
_TOPICS: tuple[tuple[str, str, str], ...] = (
    ("in_title", rf"(?:that |which )?{_HAVING}(?: the words?)? ", r" in (?:the|their|its) titles?"),
    ("in_title", r"whose titles? (?:has|have|contains?|mentions?) ", ""),
    ("mention", r"(?:that |which )?(?:mentions?|mentioning)(?: both| the (?:word|term|phrase|name)s?)? ", ""),
    ("mention", rf"(?:that |which )?(?:{_HAVING}|uses?) the (?:word|term|phrase)s? ", ""),
    ("about", r"(?:that |which )?(?:are |is |were )?(?:on|about|regarding|concerning|dealing with)(?: the topic of)? ", ""),
    ("about", r"(?:that |which )?(?:deals? with|discuss(?:es)?|covers?|talks? about) ", ""),
)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?=$| )", re.IGNORECASE)


HEADS = tuple((want, _compiled(pattern)) for want, pattern in _HEADS)
RESTRICTIONS = tuple((kind, _compiled(pattern)) for kind, pattern in _RESTRICTIONS)
TOPICS = tuple((kind, re.compile(lead, re.I), re.compile(rf"{end}(?=$| )", re.I)) for kind, lead, end in _TOPICS)
FURTHER = re.compile(r"^(?:and|but) (?:(?:that|which) )?", re.IGNORECASE)  # joins a restriction to the one before it
TOP_LAST = _compiled(
    rf"^(?:which|what) (?P<noun>{_NOUN})(?P<mods> .+?)? (?:is|are|was|were) (?:the )?(?P<top>{_TOP})(?: ones?)?$"
)
MOST_LAST = _compiled(rf"^(?:which|what) (?P<noun>{_NOUN})(?P<mods> .+) (?:has|have) the most (?P<who>(?:co-?)?authors)$")
_IT = r"(?:it|this|that|(?:this|that|the) (?:paper|one|work|study))"
_WHO = r"(?:who (?:wrote|authored|published|(?:is|are|was|were) the authors? of)|by whom (?:is|was))"
_WHEN = r"(?:when (?:was|did|is)|what is the date of|how old is)"
_CAME_OUT = r"(?: (?:published|released|posted|written|dated|come out|appear|from))?"
# What a question asks besides of the papers that it looks for.
TAILS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(rf",? and,? (?:{wording})$", re.IGNORECASE))
    for what, wording in (
        (
            "authors",
            rf"(?:by whom|{_WHO} (?:{_IT}|them)|who (?:is|was) (?:it|that)(?: by)?|who (?:is|are) the(?:ir|) authors?)",
        ),
        ("date", rf"(?:when|from when(?: is {_IT}| are they)?|{_WHEN} (?:{_IT}|they){_CAME_OUT}|how old is {_IT})"),
    )
)
THERE_IS = _compiled(r"what (?:is|['’]s) there (?:here )?(?:on|about) (?P<topic>.+)$")
AUTHORED = _compiled(
    rf"what (?:else )?(?:has|have|did) (?P<author>{_PERSON}) (?:ever )?(?:written|published|authored|write|publish|author)$"
)
SINGLE_AUTHOR = re.compile(r"(?:single|sole|solo|lone|one)-author(?:ed)?", re.IGNORECASE)
MENTIONED = _compiled(
    rf"^(?:in )?(?P<head>how many|which) (?P<noun>{_NOUN}) (?:is|are|does|do) (?P<topic>.+?) (?:mentioned|appear|occur)"
    r"(?P<mods> (?:in|from|since|before|after|between) .+)?$"
)
NEW = re.compile(
    rf"(?:what is|what['’]s|is there anything|anything) new(?P<rest>(?: here| in {_HERE})?(?P<dated> (?:since|in|from|after) "
    rf"{_DAY})?)$",
    re.IGNORECASE,
)
NEW_ON = _compiled(
    rf"(?:what is|what['’]s|is there anything|anything) new (?:on|about|in|with|for) (?P<topic>.+?)"
    rf"(?P<dated> (?:since|in|from|after) {_DAY})$"
)
POLITE = re.compile(
    r"^(?:(?:please|hey|hi|hello|ok|okay|so|and|now|can you|could you|would you|do you know|i(?:['’]d| would) like to know|"
    r"i want to know|tell me|let me know|roughly|exactly)[, ]+)+",
    re.IGNORECASE,
)
THANKS = re.compile(r"(?:[,. ]+(?:please|pls|thanks|thank you))?[\s?.!]*$", re.IGNORECASE)
QUOTED = re.compile(r"[\"“”„«'‘](?P<quote>[^\"“”„«»]+)[\"“”»'’](?=$| )")
YEAR_ONLY = re.compile(rf"{YEAR}$")
DATE_ONLY = re.compile(rf"{ISO_DATE}$")
# A topic with one of these words is a clause, or it refers to an earlier message.
CLAUSE_WORDS = frozenset(
    "that which who whom whose how why when where what whether if than as is are was were be been being do does did has have "
    "had can could will would should may might must use uses used using not no without nor but except they it its their "
    "them over this these those we i you he she there any each every all most more less least other others such only both same "
    "another about first last many much several few at by into per via versus vs against mention mentions mentioned "
    # verbs, as in "papers on speech beat Whisper"
    "beat beats outperform outperforms surpass surpasses improve improves propose proposes introduce introduces achieve "
    "achieves report reports compare compares claim claims evaluate evaluates show shows find finds need needs require "
    "requires rely relies fail fails exceed exceeds make makes take takes get gets give gives combine combines apply "
    "applies train trains "
    "help helps solve solves reduce reduces increase increases become becomes win wins receive receives contribute run runs "
    "reach reaches include includes provide provides cite cites cited say says agree disagree contain contains suffer suffers "
    "explain explains want wants accepted rejected reviewed presented go goes come comes tell tells work works".split()
)
PREPOSITIONS = frozenset("in on for with from".split())  # "genes in PubMed" is not searched as a phrase
NOT_A_TITLE = frozenset("it this that them they these those he she one him her the paper article authors".split())
# Words that judge papers when they stand before "papers", and words that ask for something else than a list.
NO_TOPIC = frozenset(
    "best better good great top key main major important interesting useful seminal influential relevant related similar "
    "famous notable popular old older short long first last summarize summarise recommend suggest describe discuss review "
    "rank sort group pick analyze analyse".split()
)
EMPTY_ADJECTIVES = frozenset("published different distinct indexed stored research scientific total recent new".split())
