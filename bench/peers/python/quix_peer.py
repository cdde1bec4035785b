"""The same work by Quix Streams, exactly once, event by event.

quix_peer.py BROKERS TOPIC OUTPUT GROUP TRAINING.csv SCHEMA.avsc. Ends on SIGTERM and then prints what it counted.
"""

import json
import sys

from quixstreams import Application

import forest
from event_reader import EventReader

COMMIT_INTERVAL_SECONDS = 0.2


def main() -> None:
    brokers, topic, output, group, training_file, schema_file = sys.argv[1:]
    model = forest.train(training_file)
    reader = EventReader(schema_file)
    counts = {"events": 0, "anomalies": 0}

    def score(value: bytes) -> dict:
        event = reader.read(value)
        counts["events"] += 1
        return {"id": event["id"], "score": -float(model.score_samples([reader.features(event)])[0])}

    def is_anomaly(scored: dict) -> bool:
        if scored["score"] <= -model.offset_:
            return False
        counts["anomalies"] += 1
        return True

    application = Application(
        broker_address=brokers,
        consumer_group=group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        commit_interval=COMMIT_INTERVAL_SECONDS,
        processing_guarantee="exactly-once",
        loglevel="ERROR",
    )
    events = application.dataframe(application.topic(topic, value_deserializer="bytes"))
    anomalies = application.topic(output, value_serializer="json")
    events.apply(score).filter(is_anomaly).to_topic(anomalies)
    application.run()
    print(json.dumps(counts), flush=True)


main()
