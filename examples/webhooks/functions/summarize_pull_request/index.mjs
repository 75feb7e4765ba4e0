// What matters of a pull request.

export const handler = async ({ delivery, payload }) => {
  const { number, title, user, commits } = payload.pull_request;
  const repository = payload.repository.full_name;
  const id = `${repository}#${number}/${payload.action}`;
  return { id, kind: 'pull request', repository, title, author: user.login, commits, delivery };
};
