"""What the roles of the staff may do besides opening pages.

Who opens which page stands in the office's policy.
"""

from typing import Final

from bookings.models import User

# May give money back or override a rule, so they need a second factor.
SECOND_FACTOR_ROLES: Final = frozenset({User.Role.SUPERVISOR, User.Role.MANAGER})
# See the whole company instead of their own branch.
SEES_ALL_BRANCHES: Final = frozenset({User.Role.MANAGER, User.Role.AUDITOR})
# Answer for the tills of others.
SEES_ALL_TILLS: Final = frozenset({User.Role.SUPERVISOR, User.Role.MANAGER, User.Role.AUDITOR})
# Enter Django's admin.
ADMIN_READERS: Final = frozenset({User.Role.MANAGER, User.Role.AUDITOR})
