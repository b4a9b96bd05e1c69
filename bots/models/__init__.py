from .bot import Bot
from .scenario import BotScenario, ScenarioVersion
from .session import BotSession, BotTimer, BotTurn

__all__ = ["Bot", "BotScenario", "BotSession", "BotTimer", "BotTurn", "ScenarioVersion"]
