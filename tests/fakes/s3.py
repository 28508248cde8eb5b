"""A real S3 server of its own process, for the length of a test run; it checks every request's signature."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from sidecar.settings import S3Address

REGION = "eu-north-1"
BUCKET = "files"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'


@contextmanager
def running_s3() -> Iterator[S3Address]:
    """Run moto's server with one bucket and one user, who may do everything in S3 and nothing else."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    env = {**os.environ, "MOTO_DISABLE_GLOBAL_CORS": "true"}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_up(endpoint, server)
        yield _prepare(endpoint)
    finally:
        server.kill()
        server.wait()


def _wait_until_up(endpoint: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=1):
                return
        except OSError:
            assert server.poll() is None, "moto's server ended; is moto[s3] installed?"
            time.sleep(0.1)
    raise AssertionError("moto's server did not come up")


def _prepare(endpoint: str) -> S3Address:
    import boto3  # takes a while, and most test runs don't need it

    first = {"endpoint_url": endpoint, "region_name": REGION, "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    boto3.client("s3", **first).create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    iam = boto3.client("iam", **first)
    iam.create_user(UserName="sidecar")
    iam.put_user_policy(UserName="sidecar", PolicyName="s3", PolicyDocument=POLICY)
    key = iam.create_access_key(UserName="sidecar")["AccessKey"]
    _demand_signatures(endpoint)
    return S3Address(endpoint, REGION, key["AccessKeyId"], key["SecretAccessKey"])


def _demand_signatures(endpoint: str) -> None:
    plain = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", data=b"0", headers=plain)
    with urllib.request.urlopen(request, timeout=5):
        pass
