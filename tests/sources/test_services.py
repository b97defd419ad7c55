"""Papers of services on the network, as a local server in their place answers, and misbehaves."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import SourceError
from rag.sources import reading, service_pages, service_requests, services
from rag.types import BadRecord, Paper

FEED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    '<link href="http://arxiv.org/api/query?search_query%3Dall" rel="self" type="application/atom+xml"/>\n'
    '<opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">{total}</opensearch:totalResults>\n'
    "{entries}</feed>\n"
)
ENTRY = (
    "<entry><id>http://arxiv.org/abs/{number}v1</id><published>2023-05-23T17:50:33Z</published><title>Kites at {number}</title>"
    "<summary>A kite flies higher on a longer line.</summary><author><name>Ann Alder</name></author></entry>\n"
)
REPORTED = (
    "<entry><id>http://arxiv.org/api/errors#start</id><title>Error</title><summary>start must be a number</summary></entry>\n"
)
ARTICLE = (
    "<PubmedArticle><MedlineCitation><PMID>{number}</PMID><Article><ArticleTitle>Lamps at {number}</ArticleTitle>"
    "<Abstract><AbstractText>A lamp shines.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>\n"
)
BOAT = {
    "DOI": "10.5555/boat(1)",
    "title": ["Boats That Float"],
    "author": [{"given": "Ann", "family": "Alder", "sequence": "first"}],
    "issued": {"date-parts": [[2021, 3, 4]]},
    "reference": [{"key": "1", "article-title": "Rafts", "author": "Birch", "year": "1990"}],
}
BOAT_OF_OPENALEX = {
    "id": "https://openalex.org/W1",
    "doi": "https://doi.org/10.5555/boat(1)",
    "title": "Boats that float",
    "publication_date": "2021-01-01",
    "authorships": [{"author": {"display_name": "A. Alder"}}],
    "abstract_inverted_index": {"Boats": [0], "float.": [1]},
}
KITE = {
    "id": "2405.00001",
    "authors": [{"_id": "65", "name": "Ann Alder", "hidden": False}],
    "publishedAt": "2024-05-30T00:00:00.000Z",
    "title": "Kites in the Wind",
    "summary": "A kite flies in the wind.",
    "upvotes": 3,
}
HTML = "<!DOCTYPE html>\n<html><body>Log in</body></html>"


class Service:
    """A server that gives the replies it was given, in order, and then the last of them again; it keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: list[tuple[int, str, dict[str, str]]] = []
        self.paths: list[str] = []
        self.parameters: list[dict[str, str]] = []
        self.agents: list[str] = []
        self.silent = self.slow = False
        self.released = Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, body: object, status: int = 200, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.replies.append((status, text, {key.replace("_", "-"): value for key, value in headers.items()}))

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        url = urlsplit(request.path)
        self.paths.append(url.path)
        self.parameters.append(dict(parse_qsl(url.query)))
        self.agents.append(request.headers["User-Agent"])
        if self.silent:
            self.released.wait(10)
            return
        status, body, headers = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        data = body.encode()
        request.send_response(status)
        for key, value in headers.items():
            request.send_header(key, value)
        if "Content-Length" not in headers:
            request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        for start in range(0, len(data), 1 if self.slow else 1 << 20):
            request.wfile.write(data[start : start + (1 if self.slow else 1 << 20)])
            if self.slow and self.released.wait(0.05):
                return


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A local server in the place of all services."""
    service = Service()
    for key in service_pages.ADDRESSES:
        monkeypatch.setitem(service_pages.ADDRESSES, key, f"{service.address}/{key}")
    Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield service
    service.released.set()
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait would have been."""
    waits: list[float] = []
    monkeypatch.setattr(service_requests, "sleep", waits.append)
    return waits


def feed(numbers: list[str], total: int | None = None) -> str:
    entries = "".join(ENTRY.format(number=number) for number in numbers)
    return FEED.format(total=len(numbers) if total is None else total, entries=entries)


def numbers(start: int, count: int) -> list[str]:
    return [f"2305.{number:05}" for number in range(start, start + count)]


def articles(*found: str) -> str:
    return f"<?xml version='1.0'?>\n<PubmedArticleSet>{''.join(ARTICLE.format(number=n) for n in found)}</PubmedArticleSet>"


def works(start: int, count: int) -> list[dict[str, object]]:
    return [{**BOAT_OF_OPENALEX, "title": f"Boat number {number}", "doi": None} for number in range(start, start + count)]


def page(found: list[dict[str, object]], cursor: str | None = None) -> dict[str, object]:
    return {"meta": {"count": 250, "per_page": 100, "next_cursor": cursor}, "results": found, "group_by": []}


def titles(place: str) -> list[str]:
    found = list(services.records(place))
    assert all(isinstance(paper, Paper) for paper in found), found
    return [paper.title for paper in found if isinstance(paper, Paper)]


def refusal(place: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(services.records(place))
    assert caught.value.message.endswith(".")
    assert caught.value.fix.endswith(".")
    return caught.value


# -- places -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["arxiv:2305.14314", "arXiv:2305.14314", "doi:10.5555/1", "pmid:1", "hf:daily", "openalex:a"])
def test_a_place_with_the_prefix_of_a_service_is_one(place: str) -> None:
    assert services.is_service(place)


@pytest.mark.parametrize("place", ["papers.bib", "https://arxiv.org/abs/2305.14314", "arxiv", "-", "starter", "C:/arxiv:1"])
def test_other_places_are_none(place: str) -> None:
    assert not services.is_service(place)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("2305.14314", ["arxiv:2305.14314"]),
        ("arXiv:2305.14314v2, 2101.00001;2305.14314v2", ["arxiv:2305.14314v2,2101.00001"]),
        ("10.5555/1 10.5555/2\nhttps://doi.org/10.1000/xyz", ["doi:10.5555/1,10.5555/2,10.1000/xyz"]),
        ("https://arxiv.org/abs/2305.14314\nPMID: 31452104", ["arxiv:2305.14314", "pmid:31452104"]),
        (" arxiv:cat:cs.CL AND abs:kite ", ["arxiv:cat:cs.CL AND abs:kite"]),
        ("A title\nAn abstract that cites 2305.14314", []),
        ("@article{x, doi = {10.5555/1}}", []),
        ("https://example.org/paper.pdf", []),
        ("zotero:", []),
        ("2305.14314 " * 3_000, []),
        ("", []),
    ],
)
def test_a_text_of_nothing_but_numbers_of_papers_is_places_to_ask(text: str, places: list[str]) -> None:
    assert services.places_in(text) == places


def test_a_service_has_the_name_that_people_call_it() -> None:
    assert services.PREFIXES == ("arxiv:", "doi:", "pmid:", "hf:", "openalex:")
    names = [services.name(f"{prefix}1") for prefix in services.PREFIXES]
    assert names == ["arXiv", "Crossref", "PubMed", "Hugging Face", "OpenAlex"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("doi:nonsense", "nonsense is no DOI."),
        ("doi:kites 10.5555/1", "kites is no DOI."),
        ("pmid:12,x4", "x4 is no PubMed number."),
        ("arxiv:2305.14314,kites", "kites is no arXiv number."),
        ("arxiv:2305.143140", "2305.143140 is no arXiv number."),
        ("arxiv:", "arxiv: names no paper."),
        ("arxiv:all:kite&max=0", "arXiv does not give 0 papers of a query."),
        ("arxiv:all:kite&max=many", "arXiv does not give many papers of a query."),
        ("arxiv:all:kite&max=" + "9" * 5000, f"arXiv does not give {'9' * 5000} papers of a query."),
        ("arxiv:&max=3", "&max=3 holds no words to look for."),
        ("openalex:kite&max=2001", "OpenAlex does not give 2001 papers of a query."),
        ("hf:kites", "kites is neither a day of Daily Papers nor an arXiv number."),
        ("hf:daily?date=2024-02-30", "daily?date=2024-02-30 is neither a day of Daily Papers nor an arXiv number."),
        ("hf:daily?date=", "daily?date= is neither a day of Daily Papers nor an arXiv number."),
    ],
)
def test_a_broken_place_is_refused_before_anything_is_asked(service: Service, place: str, message: str) -> None:
    assert refusal(place).message == message
    assert not service.paths


ANSWERS = st.text() | st.sampled_from(
    [feed(["2305.14314"]), "<feed>", "{}", "[{}]", '{"message": {}, "results": [{"title": "A"}]}']
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(services.PREFIXES), st.text() | st.sampled_from(["1", "daily", "2305.14314", "10.5555/1"]), ANSWERS)
def test_no_place_and_no_answer_gives_more_than_papers_or_a_refusal(prefix: str, asked: str, answer: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_requests, "get", lambda *_: answer)
        with suppress(SourceError):
            assert all(isinstance(record, Paper | BadRecord) for record in services.records(prefix + asked))


def test_the_modules_load_nothing_for_the_network() -> None:
    code = "import sys; from rag.sources import services; print('httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# -- arXiv --------------------------------------------------------------------------------------------------------------


def test_papers_of_arxiv_are_read_by_their_numbers(service: Service) -> None:
    service.reply(feed(["2305.14314", "math/0309136"]))
    found = list(services.records("arXiv:2305.14314v1, https://arxiv.org/abs/math.GT/0309136, 2305.14314v1"))
    assert [paper.arxiv for paper in found if isinstance(paper, Paper)] == ["2305.14314v1", "math/0309136v1"]
    assert len(found) == 2
    assert service.parameters == [{"id_list": "2305.14314v1,math.GT/0309136", "max_results": "100"}]
    assert service.agents[0].startswith("abstract-rag/")


def test_a_number_that_arxiv_does_not_have_is_a_bad_record(service: Service) -> None:
    service.reply(feed(["2305.14314"]))
    _, missing = services.records("arxiv:2305.14314,2305.99999")
    assert missing == BadRecord(0, "arXiv has no paper 2305.99999")


def test_many_numbers_are_asked_for_in_groups_with_a_pause(service: Service, waits: list[float]) -> None:
    wanted = numbers(1, 150)
    service.reply(feed(wanted[:100]))
    service.reply(feed(wanted[100:]))
    assert len(titles("arxiv:" + ",".join(wanted))) == 150
    assert [len(asked["id_list"].split(",")) for asked in service.parameters] == [100, 50]
    assert waits == [3.0]


def test_a_query_is_followed_over_two_pages_and_progress_is_told(service: Service, waits: list[float]) -> None:
    service.reply(feed(numbers(1, 100), total=130))
    service.reply(feed(numbers(101, 30), total=130))
    told: list[tuple[str, int, int]] = []
    [found] = reading.read("arxiv:cat:cs.CL AND abs:kite", progress=lambda *step: told.append(step))
    assert len(found.papers) == 130
    assert told == [("reading", 100, 0)]
    assert service.parameters == [
        {"search_query": "cat:cs.CL AND abs:kite", "start": "0", "max_results": "100"},
        {"search_query": "cat:cs.CL AND abs:kite", "start": "100", "max_results": "100"},
    ]
    assert waits == [3.0]


def test_papers_come_before_the_next_page_is_asked_for(service: Service) -> None:
    service.reply(feed(numbers(1, 100), total=130))
    next(services.records("arxiv:all:kite"))
    assert len(service.paths) == 1


def test_words_with_a_space_are_a_query(service: Service) -> None:
    service.reply(feed(["2305.00001"]))
    assert titles("arxiv:abc def") == ["Kites at 2305.00001"]
    assert service.parameters[0]["search_query"] == "abc def"


def test_signs_that_are_no_text_are_replaced(service: Service) -> None:
    service.reply(feed(["2305.00001"]))
    assert len(titles("arxiv:kite \udcff")) == 1
    assert service.parameters[0]["search_query"] == "kite ?"


def test_a_query_without_end_is_refused(service: Service) -> None:
    assert refusal("arxiv:" + "kite " * 20_000).message == "arXiv does not take a request of this length."
    assert not service.paths


def test_without_a_total_a_page_that_is_not_full_is_the_last(service: Service) -> None:
    service.reply(feed(numbers(1, 100)).replace("totalResults", "total"))
    service.reply(feed(numbers(101, 5)).replace("totalResults", "total"))
    assert len(titles("arxiv:all:kite")) == 105
    assert len(service.paths) == 2


def test_a_query_stops_at_the_papers_it_asks_for(service: Service) -> None:
    service.reply(feed(numbers(1, 100), total=9000))
    service.reply(feed(numbers(101, 100), total=9000))
    assert len(titles("arxiv:all:kite&max=120")) == 120
    assert [(asked["search_query"], asked["max_results"]) for asked in service.parameters] == [
        ("all:kite", "100"),
        ("all:kite", "20"),
    ]


def test_a_query_stops_at_2000_papers(service: Service) -> None:
    for start in range(0, 2100, 100):
        service.reply(feed(numbers(start, 100), total=9000))
    assert len(titles("arxiv:all:kite")) == 2000


def test_an_empty_page_before_the_end_is_asked_for_again(service: Service, waits: list[float]) -> None:
    service.reply(feed([], total=2))
    service.reply(feed(numbers(1, 2)))
    assert len(titles("arxiv:all:kite")) == 2
    assert waits == [3.0]


def test_pages_that_stay_empty_before_the_end_are_an_error_after_the_papers_read(service: Service) -> None:
    service.reply(feed(numbers(1, 100), total=130))
    service.reply(feed([], total=130))
    read = services.records("arxiv:all:kite")
    assert len([next(read) for _ in range(100)]) == 100
    with pytest.raises(SourceError, match="arXiv stopped after 100 of 130 papers"):
        next(read)
    assert len(service.paths) == 4


def test_a_query_that_finds_nothing_says_so(service: Service) -> None:
    service.reply(feed([]))
    error = refusal("arxiv:all:zzz")
    assert error.message == "arXiv has no paper for all:zzz."
    assert error.fix == "Check the number, the date or the words."


def test_what_arxiv_reports_is_passed_on(service: Service) -> None:
    service.reply(FEED.format(total=1, entries=REPORTED))
    assert "start must be a number" in refusal("arxiv:all:kite").message


# -- DOI ----------------------------------------------------------------------------------------------------------------


def test_a_doi_is_read_from_crossref(service: Service) -> None:
    service.reply({"status": "ok", "message-type": "work", "message": {**BOAT, "abstract": "<jats:p>Boats do float.</jats:p>"}})
    (paper,) = services.records("doi:https://doi.org/10.5555/BOAT(1)")
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract, paper.published) == ("Boats That Float", "Boats do float.", "2021-03-04")
    assert service.paths == ["/crossref/10.5555/boat%281%29"]


def test_an_abstract_that_crossref_lacks_comes_from_openalex(service: Service) -> None:
    service.reply({"status": "ok", "message": BOAT})
    service.reply(BOAT_OF_OPENALEX)
    (paper,) = services.records("doi:10.5555/boat(1)")
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract, paper.authors) == ("Boats That Float", "Boats float.", ("Ann Alder",))
    assert service.paths[1] == "/openalex/https://doi.org/10.5555/boat%281%29"


def test_a_doi_that_crossref_lacks_comes_from_openalex(service: Service) -> None:
    service.reply("Resource not found.", 404)
    service.reply(BOAT_OF_OPENALEX)
    assert titles("doi:10.5555/boat(1)") == ["Boats that float"]


@pytest.mark.parametrize("between", [",", "  doi:", "; https://doi.org/"])
def test_several_dois_are_asked_for_one_after_another_and_one_that_nobody_has_is_named(
    service: Service, waits: list[float], between: str
) -> None:
    service.reply({"status": "ok", "message": {**BOAT, "abstract": "Boats do float."}})
    service.reply("Resource not found.", 404)
    paper, missing = services.records(f"doi:10.5555/A{between}10.5555/b(1,2)")
    assert isinstance(paper, Paper)
    assert missing == BadRecord(0, "Crossref has no paper 10.5555/b(1,2)")
    none = "10.5555/b%281%2C2%29"
    assert service.paths == ["/crossref/10.5555/a", f"/crossref/{none}", f"/openalex/https://doi.org/{none}"]
    assert waits == [0.2]


@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_paper_without_an_abstract_stands_when_openalex_does_not_help(service: Service, status: int) -> None:
    service.reply({"status": "ok", "message": BOAT})
    service.reply("", status)
    assert titles("doi:10.5555/boat(1)") == ["Boats That Float"]


def test_a_doi_that_nobody_has_says_so(service: Service, waits: list[float]) -> None:
    service.reply("Resource not found.", 404)
    assert refusal("doi:10.5555/none").message == "Crossref has no paper for 10.5555/none."
    assert not waits


# -- PubMed, Hugging Face, OpenAlex -------------------------------------------------------------------------------------


def test_papers_of_pubmed_are_read_by_their_numbers(service: Service) -> None:
    service.reply(articles("11", "12"))
    *found, missing = services.records("pmid:11, PMID:12,13")
    assert [paper.pmid for paper in found if isinstance(paper, Paper)] == ["11", "12"]
    assert missing == BadRecord(0, "PubMed has no paper 13")
    assert service.parameters == [{"db": "pubmed", "retmode": "xml", "id": "11,12,13"}]


def test_numbers_that_pubmed_does_not_have_are_nothing_found(service: Service) -> None:
    service.reply(articles())
    assert refusal("pmid:999999999").message == "PubMed has no paper for 999999999."


def test_a_first_group_without_papers_does_not_hide_the_second(service: Service, waits: list[float]) -> None:
    service.reply(articles())
    service.reply(articles("101"))
    found = list(services.records("pmid:" + ",".join(str(number) for number in range(1, 102))))
    assert [record.title for record in found if isinstance(record, Paper)] == ["Lamps at 101"]
    assert len(found) == 101
    assert waits == [1.0]


def test_daily_papers_of_a_day_are_read(service: Service) -> None:
    service.reply([{"paper": KITE, "publishedAt": "2024-05-31T00:00:00.000Z", "title": KITE["title"], "numComments": 2}])
    (paper,) = services.records("hf:daily?date=2024-05-31")
    assert isinstance(paper, Paper)
    assert (paper.title, paper.arxiv, paper.published) == ("Kites in the Wind", "2405.00001", "2024-05-30")
    assert (service.paths, service.parameters) == (["/huggingface/daily_papers"], [{"date": "2024-05-31", "limit": "100"}])


def test_daily_papers_without_a_day_are_the_newest(service: Service) -> None:
    service.reply([{"paper": KITE}])
    assert titles("hf:daily") == ["Kites in the Wind"]
    assert service.parameters == [{}]


def test_a_day_without_daily_papers_says_so(service: Service) -> None:
    service.reply([])
    assert refusal("hf:daily?date=2024-06-01").message == "Hugging Face has no paper for daily?date=2024-06-01."


def test_one_paper_of_hugging_face_is_read(service: Service) -> None:
    service.reply(KITE)
    assert titles("hf:2405.00001v2") == ["Kites in the Wind"]
    assert service.paths == ["/huggingface/papers/2405.00001"]


def test_a_search_of_openalex_follows_the_cursor(service: Service) -> None:
    service.reply(page(works(0, 100), "second"))
    service.reply(page(works(100, 30)))
    assert len(list(services.records("openalex:kites & wind"))) == 130
    assert service.parameters[0] == {"search": "kites & wind", "per-page": "100", "cursor": "*"}
    assert [asked["cursor"] for asked in service.parameters] == ["*", "second"]


def test_a_key_and_an_address_go_to_openalex_and_to_no_other_service(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENALEX_API_KEY", " k-1 ")
    monkeypatch.setenv("OPENALEX_MAILTO", "ann@kites.example")
    service.reply({"status": "ok", "message": BOAT})
    service.reply(BOAT_OF_OPENALEX)
    service.reply(page([BOAT_OF_OPENALEX]))
    assert len(titles("doi:10.5555/boat(1)") + titles("openalex:boats")) == 2
    account = {"api_key": "k-1", "mailto": "ann@kites.example"}
    assert service.parameters[:2] == [{}, account]
    assert service.parameters[2].items() >= {"search": "boats", **account}.items()


def test_a_paper_of_openalex_has_the_address_of_its_doi_or_its_page_there(service: Service) -> None:
    service.reply(page([BOAT_OF_OPENALEX, {**BOAT_OF_OPENALEX, "doi": None}]))
    urls = [paper.url for paper in services.records("openalex:boats") if isinstance(paper, Paper)]
    assert urls == ["https://doi.org/10.5555/boat(1)", "https://openalex.org/W1"]


def test_a_search_of_openalex_stops_at_its_last_cursor(service: Service) -> None:
    service.reply(page(works(0, 5), "second"))
    service.reply(page([], None))
    assert len(titles("openalex:kites")) == 5
    assert len(service.paths) == 2


def test_where_a_cursor_needs_a_key_the_pages_are_asked_for_by_number(service: Service) -> None:
    service.reply(page(works(0, 100), "second"))
    service.reply({"error": "Unauthorized"}, 401)
    service.reply(page(works(100, 100)))
    service.reply(page(works(200, 20)))
    assert titles("openalex:kites")[-1] == "Boat number 219"
    assert [asked.get("page") for asked in service.parameters] == [None, None, "2", "3"]


def test_a_search_that_openalex_refuses_says_so(service: Service) -> None:
    service.reply({"error": "Unauthorized"}, 401)
    assert refusal("openalex:kites").message == "OpenAlex refuses to answer (401)."
    assert len(service.paths) == 2


def test_a_search_of_openalex_stops_at_the_papers_it_asks_for(service: Service) -> None:
    service.reply(page(works(0, 100), "next"))
    assert len(titles("openalex:kites&max=150")) == 150
    assert len(titles("openalex:kites")) == 2000


def test_a_search_of_openalex_that_finds_nothing_says_so(service: Service) -> None:
    service.reply(page([]))
    assert refusal("openalex:zzz").message == "OpenAlex has no paper for zzz."


# -- faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_page_that_fails_twice_is_read_the_third_time(service: Service, waits: list[float], status: int) -> None:
    service.reply("", status)
    service.reply("", status)
    service.reply(feed(["2305.14314"]))
    assert titles("arxiv:2305.14314") == ["Kites at 2305.14314"]
    assert waits == [2.0, 8.0]


def test_a_service_that_stays_out_of_order_says_so(service: Service, waits: list[float]) -> None:
    service.reply("", 503)
    assert refusal("pmid:1").message == "PubMed is out of order (503)."
    assert (len(service.paths), len(waits)) == (3, 2)


def test_the_time_that_a_service_asks_for_is_waited(service: Service, waits: list[float]) -> None:
    service.reply("", 429, Retry_After="0")
    service.reply("", 503, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True))
    service.reply(feed(["2305.14314"]))
    assert titles("arxiv:2305.14314") == ["Kites at 2305.14314"]
    assert waits[0] == 0
    assert 30 < waits[1] <= 40


@pytest.mark.parametrize("asked", ["soon", "-3", "²", ""])
def test_a_time_to_wait_that_cannot_be_read_changes_nothing(service: Service, waits: list[float], asked: str) -> None:
    service.reply("", 429, Retry_After=asked)
    service.reply(feed(["2305.14314"]))
    assert len(titles("arxiv:2305.14314")) == 1
    assert waits == [2.0]


def test_a_service_that_asks_for_more_than_a_minute_is_not_asked_again(service: Service, waits: list[float]) -> None:
    service.reply("", 429, Retry_After="3601")
    error = refusal("openalex:kites")
    assert (error.message, error.fix) == ("OpenAlex has had too many requests.", "Try again in 61 minutes.")
    assert not waits


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Hugging Face does not take this request (400)."),
        (403, "Hugging Face refuses to answer (403)."),
        (404, "Hugging Face has no paper for daily."),
    ],
)
def test_a_refusal_is_not_tried_again(service: Service, status: int, message: str) -> None:
    service.reply({"error": "no"}, status)
    assert refusal("hf:daily").message == message
    assert len(service.paths) == 1


def test_a_service_that_never_answers_is_too_slow(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_requests, "SILENCE_S", 0.2)
    service.silent = True
    begun = time.monotonic()
    assert refusal("arxiv:2305.14314").message == "arXiv did not answer within 0.2 seconds."
    assert time.monotonic() - begun < 5


def test_a_service_that_answers_drop_by_drop_is_too_slow(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_requests, "ANSWER_S", 0.3)
    service.slow = True
    service.reply(feed(["2305.14314"]))
    assert refusal("arxiv:2305.14314").message == "arXiv took longer than 0.3 seconds to answer."


@pytest.mark.parametrize("place", ["arxiv:2305.14314", "doi:10.5555/1", "pmid:1", "hf:daily", "openalex:kites"])
@pytest.mark.parametrize("before", ["", "\n", '<?xml version="1.0"?>\n', "<!-- moved -->"])
def test_a_web_page_in_place_of_papers_is_refused(service: Service, place: str, before: str) -> None:
    service.reply(before + HTML)
    assert refusal(place).message == f"{services.name(place)} answered with a web page in place of papers."


@pytest.mark.parametrize("place", ["arxiv:2305.14314", "doi:10.5555/1", "pmid:1", "hf:daily", "openalex:kites"])
@pytest.mark.parametrize(
    "body", ["Rate exceeded.", '{"results": ["a"], "message": 3', "[[1]]", '{"results": [3]}', "[" * 100_000, ""]
)
def test_an_answer_in_another_form_is_refused(service: Service, place: str, body: str) -> None:
    service.reply(body)
    assert refusal(place).message == f"The answer of {services.name(place)} cannot be read."


def test_an_answer_that_is_too_large_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_requests, "MAX_BYTES", 1_000_000)
    service.reply(feed(["2305.14314"]) + " " * 1_000_000)
    assert refusal("arxiv:2305.14314").message == "The answer of arXiv is larger than 1 MB."


def test_a_service_that_cannot_be_reached_is_tried_three_times(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setitem(service_pages.ADDRESSES, "arxiv", f"http://127.0.0.1:{port}/query")
    error = refusal("arxiv:2305.14314")
    assert error.message == "arXiv (127.0.0.1) cannot be reached."
    assert error.fix == "Check the network, or try again later."
    assert waits == [2.0, 8.0]


def test_an_answer_that_breaks_off_is_asked_for_again(service: Service, waits: list[float]) -> None:
    service.reply("<feed", 200, Content_Length="100")
    service.reply(feed(["2305.14314"]))
    assert len(titles("arxiv:2305.14314")) == 1
    assert waits == [2.0]


def test_an_answer_from_another_address_is_followed(service: Service) -> None:
    service.reply("", 301, Location=f"{service.address}/moved")
    service.reply(feed(["2305.14314"]))
    assert len(titles("arxiv:2305.14314")) == 1
    service.replies = [(301, "", {"Location": f"{service.address}/moved"})]
    assert refusal("arxiv:2305.14314").message == "The answer of arXiv cannot be read."
