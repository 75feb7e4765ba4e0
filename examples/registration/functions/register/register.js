// Registers a user in one system: its environment says in which. The same code is deployed three times.
//
// A state machine calls it with the user itself; the topic wakes it with the user in a notification.

const { SYSTEM, SYSTEMS_URL } = process.env;

exports.handler = async (event) => {
  if (event.Records) return Promise.all(event.Records.map(({ Sns }) => register(JSON.parse(Sns.Message))));
  return register(event);
};

async function register(user) {
  console.log('Event in register-user-in-%s is: %j', SYSTEM, user);
  if (user.error) {
    throw new Error(user.error);
  }
  const answer = await fetch(`${SYSTEMS_URL}${SYSTEM}/users/${encodeURIComponent(user.username)}`, {
    method: 'PUT',
    headers: { 'X-Amzn-Trace-Id': process.env._X_AMZN_TRACE_ID }, // so that it is one conversation
    body: JSON.stringify(user),
  });
  if (!answer.ok) throw new Error(`${SYSTEM} answers ${answer.status}: ${await answer.text()}`);
  return { status: true, email: user.email };
}
