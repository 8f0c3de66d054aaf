"""What a company sets for itself, read as an attribute of `company_settings`: each is declared once."""

from typing import Any, Final

from bookings.domain.company.declarations import Setting
from bookings.domain.company.money_settings import MoneySettings
from bookings.domain.company.sale_settings import SaleSettings
from bookings.models import Channel


class CompanySettings(SaleSettings, MoneySettings):
    """Every setting, and what follows from several."""

    def sales_close(self, channel: str) -> float:
        """Minutes before departure; negative at the counter, which sells a late coach."""
        return -self.counter_sells_late_minutes if channel == Channel.COUNTER else self.sales_close_minutes


company_settings: Final = CompanySettings()
SETTINGS: Final[dict[str, Setting[Any]]] = {
    name: setting
    for part in (SaleSettings, MoneySettings)
    for name, setting in vars(part).items()
    if isinstance(setting, Setting)
}
