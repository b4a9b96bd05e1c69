"""
The HTTP client that sending is built on, with nothing around it: `python bare_client.py URL MESSAGES WINDOW [CA]`
posts so many messages, with a window of calls under way, and prints the seconds it took and those of CPU. Over TLS it
trusts the authority whose certificate is named.
"""

import asyncio
import json
import ssl
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


async def post_all(url, messages, window, authority=None):
    body = json.dumps(BODY).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    left = iter(range(messages))

    async def post_until_none_is_left():
        for _ in left:
            response = await session.post(f"{url}/v25.0/1065/messages", data=body, headers=headers)
            await response.read()

    context = ssl.create_default_context(cafile=authority) if authority else True
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=context)) as session:
        await asyncio.gather(*[post_until_none_is_left() for _ in range(window)])


if __name__ == "__main__":
    began, spent = time.monotonic(), time.process_time()
    asyncio.run(post_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
    print(time.monotonic() - began, time.process_time() - spent)
