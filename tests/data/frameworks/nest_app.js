// @nestjs/terminus with its own TypeORM indicator, as its documentation has it; decorators are applied by hand, for this
// is not TypeScript.
require('reflect-metadata');
const { Controller, Dependencies, Get, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { HealthCheck, HealthCheckService, TerminusModule, TypeOrmHealthIndicator } = require('@nestjs/terminus');
const { TypeOrmModule } = require('@nestjs/typeorm');

class HealthController {
  constructor(health, database) {
    this.health = health;
    this.database = database;
  }

  check() {
    return this.health.check([() => this.database.pingCheck('database', { timeout: 2000 })]);
  }
}
Controller('health')(HealthController);
Dependencies(HealthCheckService, TypeOrmHealthIndicator)(HealthController);
const check = Object.getOwnPropertyDescriptor(HealthController.prototype, 'check');
Get()(HealthController.prototype, 'check', check);
HealthCheck()(HealthController.prototype, 'check', check);

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL }),
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [HealthController],
})(AppModule);

NestFactory.create(AppModule, { logger: ['error'] }).then((app) => app.listen(Number(process.env.PORT), '127.0.0.1'));
