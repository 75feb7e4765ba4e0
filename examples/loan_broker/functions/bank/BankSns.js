// One bank, three times: its environment makes it a pawn shop, a universal or a premium bank. It hears requests from the
// topic, and what it returns is sent on by its destination; a bank that makes no offer returns nothing.

const { BANK_ID, BASE_RATE, MAX_LOAN_AMOUNT, MIN_CREDIT_SCORE } = process.env;

function offer({ Amount, Credit }) {
  if (Amount > Number(MAX_LOAN_AMOUNT) || Credit.Score < Number(MIN_CREDIT_SCORE)) return undefined;
  return Number(BASE_RATE) + (Math.random() * (1000 - Credit.Score)) / 100;
}

exports.handler = async (event) => {
  const { Message, MessageAttributes } = event.Records[0].Sns;
  const request = JSON.parse(Message);
  console.log('%s is asked for %d at a score of %d', BANK_ID, request.Amount, request.Credit.Score);
  const rate = offer(request);
  if (rate === undefined) {
    console.log('%s makes no offer', BANK_ID);
    return undefined;
  }
  const quote = { rate, bankId: BANK_ID, id: MessageAttributes.RequestId.Value };
  console.log('%s offers %s', BANK_ID, rate.toFixed(2));
  return quote;
};
