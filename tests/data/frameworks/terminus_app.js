// @godaddy/terminus before a plain HTTP server, as its own README has it.
const http = require('http');
const { createTerminus, HealthCheckError } = require('@godaddy/terminus');
const { Client } = require('pg');

async function database() {
  const client = new Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (error) {
    throw new HealthCheckError('the database', { database: { status: 'down', message: error.code } });
  } finally {
    await client.end().catch(() => {});
  }
  return { database: { status: 'up' } };
}

const server = http.createServer((request, response) => {
  response.statusCode = 404;
  response.end('not found');
});
createTerminus(server, { healthChecks: { '/health': database }, logger: () => {} });
server.listen(Number(process.env.PORT), '127.0.0.1');
