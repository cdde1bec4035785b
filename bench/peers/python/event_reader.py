"""Reads events of bench/bench-topic.ts: Avro single objects."""

import json
from io import BytesIO
from operator import itemgetter

import fastavro

HEADER_BYTES = 10


class EventReader:
    def __init__(self, schema_file: str) -> None:
        with open(schema_file, encoding="utf-8") as file:
            self._schema = fastavro.parse_schema(json.load(file))
        self.features = itemgetter(*(f"v{i}" for i in range(8)))

    def read(self, value: bytes) -> dict:
        if value[:2] != b"\xc3\x01":
            raise ValueError("no single object")
        return fastavro.schemaless_reader(
            BytesIO(value[HEADER_BYTES:]), self._schema, None
        )
