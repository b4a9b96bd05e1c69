from .allowed_host import AllowedHost
from .bot import Bot
from .scenario import BotScenario, ScenarioVersion
from .session import BotCall, BotSession, BotTimer, BotTurn

__all__ = [
    "AllowedHost",
    "Bot",
    "BotCall",
    "BotScenario",
    "BotSession",
    "BotTimer",
    "BotTurn",
    "ScenarioVersion",
]
