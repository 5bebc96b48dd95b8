// A client of tsdav that does what the tests say: a line of JSON {method, parameters} in, a line of JSON out.
import { createInterface } from 'node:readline';
import { createDAVClient } from 'tsdav';

const { DAV_URL, DAV_LOGIN, DAV_PASSWORD, DAV_TYPE } = process.env;

const client = await createDAVClient({
  serverUrl: DAV_URL,
  credentials: { username: DAV_LOGIN, password: DAV_PASSWORD },
  authMethod: 'Basic',
  defaultAccountType: DAV_TYPE,
});
const objectMultiGet = DAV_TYPE === 'caldav' ? client.calendarMultiGet : client.addressBookMultiGet;

async function call({ method, parameters }) {
  if (parameters.collection) {
    parameters.collection.objectMultiGet = objectMultiGet; // functions do not travel as JSON
  }
  const result = await client[method](parameters);
  return result instanceof Response ? { status: result.status, etag: result.headers.get('etag') } : result;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await call(JSON.parse(line)).then(
    (result) => ({ result: result ?? null }),
    (error) => ({ error: String(error) }),
  );
  console.log(JSON.stringify(answer));
}
