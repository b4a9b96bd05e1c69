from .bot import BotAdmin
from .log import BotSessionAdmin, BotTurnAdmin
from .scenario import BotScenarioAdmin
from .version import ScenarioVersionAdmin

__all__ = ["BotAdmin", "BotScenarioAdmin", "BotSessionAdmin", "BotTurnAdmin", "ScenarioVersionAdmin"]
