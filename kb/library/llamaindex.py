"""The search of a knowledge base as LlamaIndex's retriever. Imported only by programs that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from kb.types import locators
from kb.types.search import Hit


class KbRetriever(BaseRetriever):  # type: ignore[misc] # LlamaIndex is not typed strictly
    """Gives hits as text nodes whose metadata says where the words stand: title, uri, link, locator, offsets."""

    def __init__(self, search: Callable[[str], Sequence[Hit]]) -> None:
        """`search` gives the hits of a query, best first."""
        super().__init__()
        self._search = search

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=_node(hit), score=hit.scores.fused) for hit in self._search(query_bundle.query_str)]


def _node(hit: Hit) -> TextNode:
    chunk = hit.chunk
    return TextNode(
        id_=chunk.id,
        text=chunk.text,
        metadata={
            "document_id": chunk.document_id,
            "kind": hit.kind,
            "title": hit.title,
            "uri": hit.uri,
            "link": hit.link,
            "locator": locators.as_json(chunk.locator),
            "start_char": chunk.start_char,
            "end_char": chunk.end_char,
        },
    )
