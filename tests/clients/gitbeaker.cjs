// What a script with @gitbeaker/rest sees: a group and a project with an image are made, looked at and cleaned.
// WHARFINGER_URL and WHARFINGER_TOKEN say where and who, PROJECT which project has the image app with the tags a, b, c; the
// group gets the path GROUP, and OTHER, a person's number, becomes a member.
const { Gitlab } = require("@gitbeaker/rest");

const { WHARFINGER_URL: host, WHARFINGER_TOKEN: token, PROJECT: path, GROUP: group, OTHER: other } = process.env;
const api = new Gitlab({ host, token });

async function refusal(promise) {
  try {
    await promise;
    return "nothing was refused";
  } catch (error) {
    return `${error.cause.response.status} ${error.cause.description}`;
  }
}

async function main() {
  const said = { user: (await api.Users.showCurrentUser()).username };
  said.scopes = (await api.PersonalAccessTokens.show()).scopes;
  const made = await api.Groups.create("Made", group, { visibility: "internal" });
  const inner = await api.Projects.create({ name: "Inner", namespaceId: made.id, description: "Wares" });
  said.made = [made.full_path, inner.path_with_namespace, inner.visibility];
  const project = await api.Projects.show(path);
  const images = await api.ContainerRegistry.allRepositories({ projectId: path, tags: true, tagsCount: true });
  said.images = images.map((image) => [image.path, image.tags_count, image.tags.map((tag) => tag.name)]);
  const image = await api.ContainerRegistry.showRepository(images[0].id, { size: true });
  const tag = await api.ContainerRegistry.showTag(project.id, image.id, "a");
  said.same = tag.total_size === image.size && tag.location === `${image.location}:a`;
  const pages = await api.ContainerRegistry.allTags(project.id, image.id, { perPage: 2, pagination: "keyset" });
  said.tags = pages.map((each) => each.name);
  await api.ContainerRegistry.removeTag(project.id, image.id, "a");
  await api.ContainerRegistry.removeTags(project.id, image.id, "b", { keepN: 0 });
  said.again = await refusal(api.ContainerRegistry.removeTags(project.id, image.id, "c"));
  const changed = { containerRegistryAccessLevel: "private", containerExpirationPolicyAttributes: { keep_n: 5 } };
  const edited = await api.Projects.edit(project.id, changed);
  said.edited = [edited.container_registry_access_level, edited.container_expiration_policy.keep_n];
  const deploy = await api.DeployTokens.create("ci", ["read_registry"], { projectId: project.id });
  const bot = await api.ProjectAccessTokens.create(project.id, "bot", ["read_api"], "2099-01-02", { accessLevel: 20 });
  const asBot = new Gitlab({ host, token: bot.token });
  said.bot = (await asBot.Projects.show(path)).permissions.project_access.access_level;
  await api.DeployTokens.remove(deploy.id, { projectId: project.id });
  await api.ProjectMembers.add(inner.id, 20, { userId: Number(other) });
  const members = await api.ProjectMembers.all(inner.id, { includeInherited: true });
  said.members = members.map((each) => each.access_level).sort();
  said.hidden = await refusal(asBot.Projects.remove(project.id));
  await api.Projects.remove(inner.id);
  await api.Groups.remove(made.id);
  console.log(JSON.stringify(said));
}

main();
