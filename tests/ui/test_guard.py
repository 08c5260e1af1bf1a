"""Who may use the tutor, what a page may load, and which files are handed out."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from kb.cli.__main__ import run
from kb.errors import UsageError
from kb.library import Library
from tests.ui.conftest import Server, Watched
from ui import passwords, serve

Serving = Callable[..., Server]


def test_a_page_is_given_to_this_machine(serving: Serving) -> None:
    assert httpx.get(serving().url).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_another_name_of_this_machine_is_turned_away(serving: Serving, host: str) -> None:
    """A name that was pointed at 127.0.0.1 after its page was loaded."""
    answer = httpx.get(serving().url, headers={"Host": host})
    assert answer.status_code in (400, 403)


def test_a_page_of_another_site_is_turned_away(serving: Serving) -> None:
    answer = httpx.post(f"{serving().url}/gradio_api/queue/join", headers={"Origin": "https://evil.example"}, json={})
    assert answer.status_code == 403
    assert "another site" in answer.text


def test_a_page_that_has_no_origin_is_turned_away_from_the_server_functions(serving: Serving) -> None:
    answer = httpx.post(f"{serving().url}/gradio_api/component_server", headers={"Origin": "null"}, json={})
    assert answer.status_code == 403


def test_pages_may_load_from_nowhere_else(serving: Serving) -> None:
    policy = httpx.get(serving().url).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert "connect-src 'self'" in policy


def test_pages_may_not_stand_in_a_frame(serving: Serving) -> None:
    assert httpx.get(serving().url).headers["x-frame-options"] == "DENY"


def test_a_host_that_others_reach_needs_passwords(library: Library) -> None:
    with pytest.raises(UsageError, match="--add-user NAME --auth FILE"):
        serve.application(library, serve.ServeOptions(host="0.0.0.0"))


def test_the_command_refuses_it_with_2_and_says_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ui", "--host", "0.0.0.0"]) == 2
    said = capsys.readouterr().err
    assert "needs --auth FILE" in said
    assert "kb ui --add-user NAME --auth FILE" in said


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people"
    passwords.add(path, "ada", "correct horse")
    return path


def test_with_passwords_nothing_is_given_without_one(serving: Serving, people: Path) -> None:
    url = serving(auth=people).url
    for path in (
        "/",
        "/gradio_api/info",
        "/kb/page.js",
        "/kb/media/d1",
        "/kb/cards/anki",
        "/gradio_api/mcp/",
        "/config",
    ):
        answer = httpx.get(url + path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("bob", "correct horse"), ("ada", ""), ("", ""),
                                                ("ada", "correct horse" * 20), ("ada", "\x00")])  # fmt: skip
def test_a_wrong_name_or_password_is_turned_away(serving: Serving, people: Path, name: str, password: str) -> None:
    assert httpx.get(serving(auth=people).url, auth=(name, password)).status_code == 401


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer abc", "Basic YWRh", "Basic /////w=="])
def test_a_header_that_is_none_is_turned_away(serving: Serving, people: Path, header: str) -> None:
    assert httpx.get(serving(auth=people).url, headers={"Authorization": header}).status_code == 401


def test_the_right_password_opens_the_page_in_a_browser(
    serving: Serving, people: Path, opening: Callable[..., Watched], library: Library, notes: Path
) -> None:
    (notes / "a.md").write_text("# Bubble\n\nThe bubble is the time in which stages wait for a micro-batch.\n")
    library.ingest([notes])
    watched = opening(http_credentials={"username": "ada", "password": "correct horse"})
    watched.open(serving(auth=people).url)
    watched.ask("What is the bubble?")
    watched.page.locator("#kb-now .kb-cite").first.click()
    expect(watched.page.locator("#kb-card mark").first).to_contain_text("bubble")


def test_a_file_of_passwords_holds_no_password_and_only_its_owner_reads_it(people: Path) -> None:
    text = people.read_text()
    assert text.startswith("ada:$2b$")
    assert "correct horse" not in text
    assert people.stat().st_mode & 0o077 == 0


def test_a_file_of_htpasswd_is_read(tmp_path: Path) -> None:
    path = tmp_path / "people"
    passwords.add(path, "ada", "correct horse")
    path.write_text("# people\n\n" + path.read_text().replace("$2b$", "$2y$"))
    assert passwords.Passwords(passwords.read(path)).opens("ada", "correct horse")


def test_a_second_person_leaves_the_first(people: Path) -> None:
    passwords.add(people, "bob", "battery staple")
    door = passwords.Passwords(passwords.read(people))
    assert door.opens("ada", "correct horse")
    assert door.opens("bob", "battery staple")


@pytest.mark.parametrize("text", ["", "ada:plain\n", "ada\n", "ada:{SHA}abc\n", ":$2b$12$abc\n"])
def test_a_file_that_is_none_is_refused_by_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "people"
    path.write_text(text)
    with pytest.raises(UsageError, match="--add-user"):
        passwords.read(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        passwords.read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "password"), [("a:b", "long enough"), ("", "long enough"), ("ada", "short"), ("ada", "x" * 73)]
)
def test_names_and_passwords_that_cannot_be_are_refused(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(UsageError):
        passwords.add(tmp_path / "people", name, password)


def test_somebody_is_added_by_the_command(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert run(["ui", "--add-user", "ada", "--auth", str(tmp_path / "people")]) == 0
    assert passwords.Passwords(passwords.read(tmp_path / "people")).opens("ada", "correct horse")


def test_a_port_that_is_taken_is_named(library: Library) -> None:
    from kb.errors import StoreError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StoreError, match=str(port)):
            serve.listening(serve.ServeOptions(port=port))


# Files


def test_a_recording_of_the_library_is_served_in_parts(
    serving: Serving, library: Library, notes: Path, a_tone: Callable[..., bytes]
) -> None:
    (notes / "talk.wav").write_bytes(a_tone(3))
    (notes / "talk.txt").write_text("[0:00] Ann: Welcome to the workshop.\n[0:02] Ben: It is about attention.\n")
    library.ingest([notes / "talk.txt"])
    document = library.sources()[0].document_id
    answer = httpx.get(f"{serving().url}/kb/media/{document}", headers={"Range": "bytes=0-3"})
    assert answer.status_code == 206
    assert answer.content == b"RIFF"


@pytest.mark.parametrize("name", ["../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "d000000000000", "", "%00"])
def test_no_other_file_is_served_as_a_recording(serving: Serving, library: Library, notes: Path, name: str) -> None:
    (notes / "a.md").write_text("# A\n\nA note.\n")
    library.ingest([notes])
    answer = httpx.get(f"{serving().url}/kb/media/{name}", follow_redirects=True)
    assert "root:" not in answer.text
    assert answer.headers["content-type"].startswith(("text/plain", "application/json", "text/html"))


def test_a_note_is_no_recording(serving: Serving, library: Library, notes: Path) -> None:
    (notes / "a.md").write_text("# A\n\nA note.\n")
    library.ingest([notes])
    assert httpx.get(f"{serving().url}/kb/media/{library.sources()[0].document_id}").status_code == 404


def test_a_transcript_can_not_name_another_file_as_its_recording(
    serving: Serving, library: Library, notes: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    (notes / "t.md").write_text(f"---\nmedia: {secret.as_uri()}\n---\n[0:00] Ann: Welcome all.\n[0:09] Ben: Thanks.\n")
    library.ingest([notes])
    answer = httpx.get(f"{serving().url}/kb/media/{library.sources()[0].document_id}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path", ["/gradio_api/file=/etc/passwd", "/file=/etc/passwd", "/gradio_api/file=pyproject.toml"]
)
def test_no_file_of_the_machine_is_served(serving: Serving, path: str) -> None:
    answer = httpx.get(serving().url + path, follow_redirects=True)
    assert "root:" not in answer.text
    assert "hatchling" not in answer.text


def test_the_home_is_not_served(serving: Serving, library: Library, notes: Path) -> None:
    (notes / "a.md").write_text("# A\n\nA note.\n")
    library.ingest([notes])
    answer = httpx.get(f"{serving().url}/gradio_api/file={library.home / 'catalog.sqlite'}")
    assert answer.status_code in (403, 404)


def test_paths_of_the_machine_may_not_be_added_over_the_network(library: Library, notes: Path) -> None:
    from ui.jobs import Ingests
    from ui.pages.library import LibraryPage

    (notes / "a.md").write_text("# A\n\nA note.\n")
    tab = LibraryPage(library, Ingests(library), folders=False)
    told = [update[0] for update in tab._added([], str(notes))]
    assert "is no address" in told[-1]
    assert library.sources() == []


def test_the_page_offers_no_function_by_name(serving: Serving) -> None:
    """Only the tools of --mcp have names that other programs may call."""
    info = httpx.get(f"{serving().url}/gradio_api/info").json()
    assert info["named_endpoints"] == {}


def test_any_loopback_address_that_is_listened_on_answers(serving: Serving) -> None:
    server = serving(host="127.0.0.2")
    url = server.url.replace("127.0.0.1", "127.0.0.2")
    assert httpx.get(url).status_code == 200


def test_comments_of_a_file_of_passwords_stay(people: Path) -> None:
    people.write_text("# who\n" + people.read_text())
    passwords.add(people, "bob", "battery staple")
    assert people.read_text().startswith("# who\nada:")


def test_another_file_is_not_written_over_with_passwords(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# My notes\n\nall of them\n")
    with pytest.raises(UsageError):
        passwords.add(path, "ada", "correct horse")
    assert path.read_text() == "# My notes\n\nall of them\n"
