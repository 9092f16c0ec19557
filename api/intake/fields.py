"""Fields that several request bodies have, with their checks."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.http.validation import checked
from shared.addresses.web_url import url_problem
from shared.domain.callback import Event
from shared.domain.items import normal_id, photo_id_problem
from shared.domain.job_labels import MAX_METADATA_BYTES, MAX_NAME_BYTES, metadata_problem, name_problem
from shared.domain.queries import text_problem

PhotoId = Annotated[str, AfterValidator(normal_id), AfterValidator(checked(photo_id_problem))]
ImageUrl = Annotated[str, AfterValidator(checked(url_problem))]
QueryText = Annotated[str, AfterValidator(checked(text_problem))]
CallbackUrl = Annotated[
    Annotated[str, AfterValidator(checked(url_problem))] | None,
    Field(description="Where webhooks about the job are sent: an http or https URL with a public address."),
]
CallbackEvents = Annotated[
    Annotated[list[Event], Field(min_length=1)] | None,
    Field(description="The events that are sent; all of them by default."),
]
JobName = Annotated[
    Annotated[str, AfterValidator(checked(name_problem))] | None,
    Field(description=f"A name for the job: one line of at most {MAX_NAME_BYTES} bytes."),
]
JobMetadata = Annotated[
    dict[str, Any],
    AfterValidator(checked(metadata_problem)),
    Field(description=f"A JSON object for the job, at most {MAX_METADATA_BYTES} bytes."),
]
