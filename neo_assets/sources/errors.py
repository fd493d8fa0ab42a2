"""What can go wrong with a call of a source, by what it means for the other calls of a run."""


class FeedError(Exception):
    """A fault that concerns every call; the text says what happened, for which dates, what to do.

    The run requests nothing more.  `retry_after_s` is how long the service asks to be left alone.
    """

    def __init__(
        self, what: str, advice: str = "run these days again later", retry_after_s: float = 0.0
    ) -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}."


class TransientFeedError(FeedError):
    """A fault of the service or the network that may be gone at the next try."""


class RateLimitError(TransientFeedError):
    """The key's budget of calls is used up."""


class BadResponseError(FeedError):
    """The service responded, and the response cannot be used: a fault of the days of that call."""


class ServerFaultError(BadResponseError):
    """The service failed over a call (status 500), perhaps because of one of its days."""


class RefusedDatesError(BadResponseError):
    """The service gives no usable response for these dates, however often it is asked."""
