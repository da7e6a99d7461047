# frozen_string_literal: true

# The tests of faults_test.rb with the gem toxiproxy, the client of Toxiproxy for Ruby.

require "minitest/autorun"
require "pg"
require "redis"
require "securerandom"
require "toxiproxy"

Toxiproxy.host = ENV.fetch("TOXIPROXY_URL", "http://127.0.0.1:8474")

# How many requests the toxics of a proxy have met; the gem leaves this out of what it reads.
def met(proxy)
  answer = Net::HTTP.get(Toxiproxy.uri + "/proxies/#{proxy.name}/toxics")
  JSON.parse(answer).sum { |toxic| toxic["blastgauge"]["met"] }
end

# What is tested: it may be called again, because the key of an order is unique.
def place_order(db, table, key)
  db.transaction do
    db.exec_params("INSERT INTO #{table} (key) VALUES ($1) ON CONFLICT DO NOTHING", [key])
  end
end

class FaultsTest < Minitest::Test
  # A proxy of its own for a test, on a free port, so that tests run side by side.
  def proxied(upstream)
    @proxy = Toxiproxy.create(name: SecureRandom.uuid, listen: "127.0.0.1:0", upstream: upstream)
  end

  def teardown
    @proxy&.destroy
  end

  def test_one_request_in_five_is_answered_with_503
    proxied(ENV.fetch("PAYMENTS_URL", "http://127.0.0.1:8083"))
    charges = URI("http://#{@proxy.listen}/charges")

    @proxy.downstream("http_error", status: 503, toxicity: 0.2).apply do
      seen = Array.new(200) { Net::HTTP.get_response(charges).code }.tally

      assert_equal 200, seen["200"] + seen["503"]
      assert_includes 11..79, seen["503"]
      assert_equal seen["503"], met(@proxy)
    end

    assert_equal "200", Net::HTTP.get_response(charges).code
  end

  def test_a_redis_that_has_become_a_replica_refuses_writes_and_still_reads
    proxied(ENV.fetch("REDIS_URL", "redis://127.0.0.1:6379"))
    redis = Redis.new(url: "redis://#{@proxy.listen}", reconnect_attempts: 0)
    cart = "cart:#{SecureRandom.uuid}"
    redis.set(cart, "lamp", ex: 60)

    @proxy.downstream("redis_error", error: "READONLY").apply do
      error = assert_raises(Redis::CommandError) { redis.set(cart, "chair") }
      assert_match(/\AREADONLY/, error.message)
      assert_equal "lamp", redis.get(cart)
      assert_equal 1, met(@proxy)
    end

    assert_equal "OK", redis.set(cart, "chair")
  ensure
    redis&.close
  end

  def test_a_commit_that_succeeded_and_was_reported_as_failed_is_not_made_twice
    database = URI(ENV.fetch("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"))
    proxied("postgres://#{database.host}:#{database.port}")
    through = database.dup
    through.host, _, through.port = @proxy.listen.rpartition(":")
    direct = PG.connect(database.to_s)
    db = PG.connect(through.to_s)
    table = "orders_#{SecureRandom.hex}"
    direct.exec("CREATE TABLE #{table} (key text PRIMARY KEY)")
    count = -> { direct.exec("SELECT count(*) FROM #{table}").getvalue(0, 0).to_i }

    unknown = { sqlstate: "40003", message: "whether it committed is not known", when: "after", first: 1, match: { statement: "commit" } }
    @proxy.downstream("postgres_error", unknown).apply do
      assert_raises(PG::TRStatementCompletionUnknown) { place_order(db, table, "order 1") }
      assert_equal 1, count.call, "the database has committed"

      place_order(db, table, "order 1")
      assert_equal 1, count.call, "the second attempt adds nothing"
      assert_equal 1, met(@proxy)
    end
  ensure
    direct&.exec("DROP TABLE IF EXISTS #{table}") if table
    [db, direct].compact.each(&:close)
  end
end
