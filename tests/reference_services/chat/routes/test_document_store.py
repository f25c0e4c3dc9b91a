"""The document store against a dict, and the laws of passages and of the embedder."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from signoff.reference_services.retrieval.document import Document, StoreCannotOpen, StoreFull
from signoff.reference_services.retrieval.embedder import open_embedder
from signoff.reference_services.retrieval.hashed_embedder import HashedEmbedder
from signoff.reference_services.retrieval.passages import LONGEST, passages
from signoff.reference_services.retrieval.vector import Embedder, EmbedderError

if TYPE_CHECKING:
    from signoff.reference_services.retrieval.store import DocumentStore

MOST = 4
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
OWNERS = st.sampled_from(["", "one", "two"])
TEXTS = st.builds(
    lambda word, times: f"{word} stands in the hall. " * times,
    st.text(st.characters(categories=("L", "Nd")), min_size=1, max_size=8),
    st.integers(1, 60),
)


def opened_store(place: str, embedder: Embedder) -> DocumentStore:
    # Not above: qdrant-client takes long to import, and each worker imports every file of tests.
    from signoff.reference_services.retrieval.store import DocumentStore

    return DocumentStore(place, embedder, MOST)


class StoreAndDict(RuleBasedStateMachine):
    """Whatever is done, the store holds what a dict holds, and what is deleted is found by nothing."""

    @initialize()
    def opened(self) -> None:
        self.store = opened_store("embedded", HashedEmbedder())
        self.model: dict[str, dict[str, str]] = {"": {}, "one": {}, "two": {}}

    @rule(owner=OWNERS, texts=st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3))
    def add(self, owner: str, texts: dict[str, str]) -> None:
        documents = [Document(name, text, {"length": len(text)}, 1.0) for name, text in texts.items()]
        if len({**self.model[owner], **texts}) > MOST:
            with pytest.raises(StoreFull):
                self.store.add(owner, documents)
        else:
            assert self.store.add(owner, documents) == [len(passages(text)) for text in texts.values()]
            self.model[owner].update(texts)

    @rule(owner=OWNERS, name=NAMES)
    def delete(self, owner: str, name: str) -> None:
        assert self.store.delete(owner, name) is (self.model[owner].pop(name, None) is not None)

    @rule(owner=OWNERS, name=NAMES)
    def search(self, owner: str, name: str) -> None:
        text = self.model[owner].get(name)
        question = text[:LONGEST] if text is not None else "hall"
        hits = self.store.search(owner, question, 1000, 0.0)
        assert all(hit.text in passages(self.model[owner][hit.document]) for hit in hits)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        if text is not None:
            # Another document may hold the same text, and a cosine of floats is 1 only nearly.
            assert max(hit.score for hit in hits if hit.document == name) == pytest.approx(hits[0].score, abs=1e-6)

    @invariant()
    def holds_what_the_dict_holds(self) -> None:
        if not hasattr(self, "model"):
            return
        for owner, held in self.model.items():
            assert sorted(document.name for document, _ in self.store.all(owner)) == sorted(held)
            for name in "abcde":
                found = self.store.get(owner, name)
                assert (None if found is None else found.text) == held.get(name)
                assert found is None or found.metadata == {"length": len(found.text)}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


TestStoreAndDict = StoreAndDict.TestCase
TestStoreAndDict.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)


@given(st.text(min_size=1, max_size=3000))
def test_passages_put_together_are_the_text_and_none_is_too_long(text: str) -> None:
    found = passages(text)
    assert "".join(found) == text
    assert all(0 < len(passage) <= LONGEST for passage in found)


def test_passages_end_where_paragraphs_else_sentences_else_words_do() -> None:
    paragraphs = "word " * 80 + "end.\n\n" + "Another sentence. " * 40
    assert passages(paragraphs)[0].endswith("end.\n\n")
    assert all(passage.endswith(("sentence. ", "\n\n")) for passage in passages(paragraphs))
    assert all(passage.endswith(" ") for passage in passages("word " * 400))


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=5), st.integers(1, 512))
def test_every_text_has_a_vector_of_length_one_that_is_always_the_same(texts: list[str], dimensions: int) -> None:
    vectors = HashedEmbedder().embed(texts, dimensions)
    assert vectors == [HashedEmbedder().embed([text], dimensions)[0] for text in texts]
    assert all(len(vector) == dimensions for vector in vectors)
    # Features that meet in few dimensions may cancel out whole.
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-9) or not any(vector) for vector in vectors)


@given(st.text(min_size=1, max_size=200))
def test_at_full_length_no_text_is_without_direction(text: str) -> None:
    assert math.isclose(math.hypot(*HashedEmbedder().embed([text])[0]), 1, rel_tol=1e-9)


def test_a_question_is_nearer_to_what_answers_it_than_to_anything_else() -> None:
    statements = [
        "The locker label of the goalkeeper is Glildronun 77.",
        "The shelf mark of the city chronicle is EJ-60971-T.",
        "To restart the pumps, pull the green lever twice.",
        "Opening hours: nine to six, on Sundays ten to four.",
    ]
    asked = [
        "What is the locker label of the goalkeeper?",
        "Which shelf mark has the chronicle of the city?",
        "How do I restart a pump?",
        "opening hours sunday",
    ]
    embed = HashedEmbedder().embed
    for index, question in enumerate(embed(asked)):
        scores = [sum(a * b for a, b in zip(question, vector, strict=True)) for vector in embed(statements)]
        assert scores.index(max(scores)) == index, asked[index]


def test_a_folder_of_another_embedder_is_refused(tmp_path: Path) -> None:
    class Other(HashedEmbedder):
        name = "other-model"

    store = opened_store(str(tmp_path), Other())
    store.add("", [Document("a", "The boat is red.")])
    store.close()
    with pytest.raises(StoreCannotOpen, match="another embedder"):
        opened_store(str(tmp_path), HashedEmbedder())


def test_a_model_in_a_folder_takes_the_place_of_the_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        """What sentence-transformers gives, as far as it is used."""

        def __init__(self, path: str, local_files_only: bool) -> None:
            assert (path, local_files_only) == (str(tmp_path), True)

        def get_sentence_embedding_dimension(self) -> int:
            return 3

        def encode(self, texts: list[str], **options: bool) -> list[list[float]]:
            assert options["normalize_embeddings"]
            return [[0.6, 0.0, 0.8] for _ in texts]

    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = Model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    embedder = open_embedder(str(tmp_path))
    assert (embedder.name, embedder.dimensions) == (tmp_path.name, 3)
    assert embedder.embed(["a", "b"]) == [pytest.approx([0.6, 0, 0.8])] * 2
    assert embedder.embed(["a"], 2) == [[1.0, 0.0]]


def test_a_model_without_its_package_or_its_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EmbedderError, match="pip install sentence-transformers"):
        open_embedder(str(tmp_path))
    with pytest.raises(EmbedderError, match="no such folder"):
        open_embedder(str(tmp_path / "none"))
