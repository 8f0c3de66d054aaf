// The documentation of the API, from the OpenAPI document of this very server.
"use strict";

const docs = document.getElementById("docs");

SwaggerUIBundle({
  url: docs.dataset.schema,
  domNode: docs,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // asks nobody else
});
