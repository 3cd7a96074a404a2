"""Headers that Schemathesis cannot make up. Without this most commands would end at them, and nothing behind be asked."""

import re
import uuid

import schemathesis

KEY = "Idempotency-Key"
TAG = "If-Match"


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    # A new command has a new key. One that is wrong stays so.
    if re.fullmatch(r"[!-~]{1,200}", headers.get(KEY, "")):
        headers[KEY] = str(uuid.uuid4())
    # It drops the quotes of entity tags (4.32), and then takes what is left for right.
    if re.fullmatch(r"[0-9]+", headers.get(TAG, "")):
        del headers[TAG]
