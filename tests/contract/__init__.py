"""What every implementation of a port is held to: classes that its tests inherit."""

import pytest

for _module in ("side_contract", "trouble_contract"):
    pytest.register_assert_rewrite(f"{__name__}.{_module}")
