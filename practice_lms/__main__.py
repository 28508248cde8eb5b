"""Run the practice LMS: `python -m practice_lms --port 8100 --tool-url http://127.0.0.1:8080`."""

import argparse
import secrets

from werkzeug.serving import run_simple

from practice_lms.app import create_app
from practice_lms.config import Config


def main() -> None:
    """Serve until Ctrl-C, and say what the tool's operator must know."""
    options = _read_options()
    config = Config(
        issuer=options.issuer or f"http://lms.localhost:{options.port}",
        service_url=options.service_url or f"http://127.0.0.1:{options.port}",
        tool_url=options.tool_url.rstrip("/"),
        client_id=options.client_id,
        deployment_id=options.deployment_id,
        ws_token=options.ws_token or secrets.token_hex(16),
        idnumber_style="bare" if options.bare_numbers else "prefixed",
    )
    for name in ("issuer", "client_id", "deployment_id", "auth_url", "token_url", "jwks_url", "ws_token"):
        print(f"{name:>14}: {getattr(config, name)}")
    run_simple(options.host, options.port, create_app(config), threaded=True)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("practice_lms", description="A small, strict LTI 1.3 platform to practise on.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--tool-url", default="http://127.0.0.1:8080", help="public address of the tool")
    parser.add_argument("--issuer", help="the LMS as browsers see it (default: http://lms.localhost:PORT)")
    parser.add_argument("--service-url", help="the LMS as the tool reaches it (default: http://127.0.0.1:PORT)")
    parser.add_argument("--client-id", default=Config.client_id)
    parser.add_argument("--deployment-id", default=Config.deployment_id)
    parser.add_argument("--ws-token", help="the token for web services (default: a fresh one)")
    parser.add_argument("--bare-numbers", action="store_true", help="idnumber 1001 instead of rollag-1001")
    return parser.parse_args()


if __name__ == "__main__":
    main()
