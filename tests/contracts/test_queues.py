"""What SNS leaves in SQS is fetched and taken away once it was kept; against a simulated AWS."""

import json

import boto3
import pytest

from tenants.adapters.sqs import NewsQueue


@pytest.fixture
def queue(aws, credentials):
    client = boto3.client("sqs", region_name="us-east-1", endpoint_url=aws)
    address = client.create_queue(QueueName="news", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    yield client, address
    client.delete_queue(QueueUrl=address)


def here(aws, address):
    return NewsQueue(address, region="us-east-1", endpoint=aws, wait_s=0)


def test_what_was_kept_is_taken_away_and_the_rest_comes_again(aws, queue):
    client, address = queue
    for number in range(3):
        client.send_message(QueueUrl=address, MessageBody=json.dumps({"number": number}))
    ours = here(aws, address)
    first = ours.receive()
    assert {json.loads(note.body)["number"] for note in first} == {0, 1, 2}
    ours.forget(first[:2])
    assert [note.body for note in ours.receive()] == [first[2].body]
    ours.forget([])


def test_a_queue_that_is_not_there_is_an_outside_fault(aws, credentials):
    ours = here(aws, f"{aws}/123456789012/none")
    with pytest.raises(OSError, match="SQS did not answer"):
        ours.receive()
