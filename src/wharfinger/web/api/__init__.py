"""The REST API, `/api/v4`, in GitLab's shapes: a file a noun, so that its clients and scripts work unchanged."""
