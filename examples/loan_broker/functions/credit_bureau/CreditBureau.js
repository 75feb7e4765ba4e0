// The credit bureau: a score between 300 and 900 and a history in years, both read off the social security number, so
// that the same person always has the same credit.

class InvalidSSN extends Error {
  constructor(ssn) {
    super(`'${ssn}' is no social security number; it should look like 123-45-6789`);
    this.name = 'InvalidSSN';
  }
}

exports.handler = async (event) => {
  const { SSN } = event;
  if (!/^\d{3}-\d{2}-\d{4}$/.test(SSN)) throw new InvalidSSN(SSN);
  const digits = Number(SSN.replaceAll('-', ''));
  const credit = { Score: 300 + (digits % 601), History: 1 + (digits % 30) };
  console.log('Credit of %s: %j', SSN, credit);
  return credit;
};
