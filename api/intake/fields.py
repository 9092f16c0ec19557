"""Fields that several request bodies have, with their checks."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.http.validation import checked
from shared.addresses.web_url import url_problem
from shared.domain.items import normal_id, photo_id_problem
from shared.domain.job_labels import MAX_METADATA_BYTES, metadata_problem, name_problem
from shared.domain.queries import text_problem

PhotoId = Annotated[str, AfterValidator(normal_id), AfterValidator(checked(photo_id_problem))]
ImageUrl = Annotated[str, AfterValidator(checked(url_problem))]
QueryText = Annotated[str, AfterValidator(checked(text_problem))]
CallbackUrl = Annotated[
    str, AfterValidator(checked(url_problem)), Field(description="Where webhooks about the job are sent.")
]
JobName = Annotated[str, AfterValidator(checked(name_problem)), Field(description="A name for the job.")]
JobMetadata = Annotated[
    dict[str, Any],
    AfterValidator(checked(metadata_problem)),
    Field(description=f"A JSON object for the job, at most {MAX_METADATA_BYTES} bytes."),
]
