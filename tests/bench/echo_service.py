"""The least that a FastAPI service can do with a request, for comparison: it gives the body back."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/v1/chat/completions")
async def echo(body: dict[str, Any]) -> dict[str, Any]:
    """Shaped like an answer, so that the client counts it as one."""
    return {"choices": [{"message": {"role": "assistant", "content": "echo"}}], "request": body}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
