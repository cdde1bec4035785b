"""The same work by confluent-kafka, fastavro and scikit-learn, ten thousand events at a time.

batch_peer.py BROKERS TOPIC OUTPUT GROUP TRAINING.csv SCHEMA.avsc; without output where OUTPUT is "-". Ends on SIGTERM
and then prints what it counted.
"""

import json
import signal
import sys

import numpy
from confluent_kafka import Consumer, KafkaException, Producer

import forest
from event_reader import EventReader

BATCH_EVENTS = 10_000
WAIT_SECONDS = 0.1


class Anomalies:
    """Writes anomalies and offsets in one transaction a batch."""

    def __init__(self, brokers: str, output: str, group: str) -> None:
        self._output = output
        self._producer = Producer({"bootstrap.servers": brokers, "transactional.id": group})
        self._producer.init_transactions()

    def commit(self, consumer: Consumer, found: list) -> None:
        self._producer.begin_transaction()
        for key, anomaly in found:
            self._producer.produce(self._output, json.dumps(anomaly).encode(), key)
        positions = consumer.position(consumer.assignment())
        self._producer.send_offsets_to_transaction(
            [position for position in positions if position.offset >= 0],
            consumer.consumer_group_metadata(),
        )
        self._producer.commit_transaction()


class NoOutput:
    """Commits the offsets of a batch and nothing else."""

    def commit(self, consumer: Consumer, _found: list) -> None:
        consumer.commit(asynchronous=False)


def main() -> None:
    brokers, topic, output, group, training_file, schema_file = sys.argv[1:]
    model = forest.train(training_file)
    reader = EventReader(schema_file)
    sink = NoOutput() if output == "-" else Anomalies(brokers, output, group)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([topic])
    events = anomalies = 0
    while not stopping:
        messages = consumer.consume(BATCH_EVENTS, WAIT_SECONDS)
        if not messages:
            continue
        read = []
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            read.append(reader.read(message.value()))
        scores = -model.score_samples(numpy.array([reader.features(event) for event in read]))
        found = [
            (messages[i].key(), {"id": read[i]["id"], "score": float(scores[i])})
            for i in numpy.flatnonzero(scores > -model.offset_)
        ]
        sink.commit(consumer, found)
        events += len(messages)
        anomalies += len(found)
    consumer.close()
    print(json.dumps({"events": events, "anomalies": anomalies}), flush=True)


main()
