"""
The HTTP client that sending is built on, with nothing around it: `python bare_client.py URL MESSAGES WINDOW` posts so
many messages, with a window of calls under way, and prints the seconds it took.
"""

import asyncio
import json
import sys
import time

import aiohttp

TOKEN = "EAA" + "x" * 180
BODY = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "type": "template",
    "template": {
        "name": "order_ready",
        "language": {"code": "ru"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Anna"}]}],
    },
    "to": "+79161234567",
    "biz_opaque_callback_data": "0" * 32,
}


async def post_all(url, messages, window):
    body = json.dumps(BODY).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    left = iter(range(messages))

    async def post_until_none_is_left():
        for _ in left:
            response = await session.post(f"{url}/v25.0/1065/messages", data=body, headers=headers)
            await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*[post_until_none_is_left() for _ in range(window)])


if __name__ == "__main__":
    began = time.monotonic()
    asyncio.run(post_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    print(time.monotonic() - began)
