"""The registry's own API, `/gitlab/v1/`, in the shapes of GitLab's registry: what it tells its platform."""
