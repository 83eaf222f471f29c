"""Pure decisions about models: whether to train a challenger, and whether it may replace the champion."""
