# frozen_string_literal: true

# Tests of a program that breaks what it depends on, one request at a time.
#
# `blastgauge proxy` stands in the place of toxiproxy-server. Its API is a few calls of
# HTTP, made here with the standard library; the gem toxiproxy makes the same ones.

require "json"
require "minitest/autorun"
require "net/http"
require "pg"
require "redis"
require "securerandom"
require "uri"

API = URI(ENV.fetch("TOXIPROXY_URL", "http://127.0.0.1:8474"))

# A proxy of its own for a test, on a free port, so that tests run side by side.
class Proxy
  attr_reader :listen

  def initialize(upstream)
    made = call(:post, "/proxies", name: SecureRandom.uuid, listen: "127.0.0.1:0", upstream: upstream)
    @path = "/proxies/#{made["name"]}"
    @listen = made["listen"]
  end

  # With a toxic while the block runs, which is given how many requests the toxic has met:
  # a fault that nobody met proves nothing.
  def with(type, toxicity: 1.0, **attributes)
    call(:post, "#{@path}/toxics", name: "fault", type: type, toxicity: toxicity, attributes: attributes)
    yield -> { call(:get, "#{@path}/toxics/fault")["blastgauge"]["met"] }
  ensure
    call(:delete, "#{@path}/toxics/fault")
  end

  def delete
    call(:delete, @path)
  end

  private

  def call(method, path, body = nil)
    request = Net::HTTP.const_get(method.capitalize).new(path, "Content-Type" => "application/json")
    request.body = JSON.generate(body) if body
    answer = Net::HTTP.start(API.host, API.port) { |http| http.request(request) }
    raise "#{method} #{path}: #{answer.code} #{answer.body}" unless answer.is_a?(Net::HTTPSuccess)

    JSON.parse(answer.body) if answer.body && !answer.body.empty?
  end
end

# What is tested: it may be called again, because the key of an order is unique.
def place_order(db, table, key)
  db.transaction do
    db.exec_params("INSERT INTO #{table} (key) VALUES ($1) ON CONFLICT DO NOTHING", [key])
  end
end

class FaultsTest < Minitest::Test
  def teardown
    @proxy&.delete
  end

  def test_one_request_in_five_is_answered_with_503
    @proxy = Proxy.new(ENV.fetch("PAYMENTS_URL", "http://127.0.0.1:8083"))
    charges = URI("http://#{@proxy.listen}/charges")

    @proxy.with("http_error", toxicity: 0.2, status: 503, headers: { "Retry-After" => "1" }) do |met|
      seen = Array.new(200) { Net::HTTP.get_response(charges).code }.tally

      assert_equal 200, seen["200"] + seen["503"]
      assert_includes 11..79, seen["503"]
      assert_equal seen["503"], met.call
    end

    assert_equal "200", Net::HTTP.get_response(charges).code
  end

  def test_a_redis_that_has_become_a_replica_refuses_writes_and_still_reads
    @proxy = Proxy.new(ENV.fetch("REDIS_URL", "redis://127.0.0.1:6379"))
    redis = Redis.new(url: "redis://#{@proxy.listen}", reconnect_attempts: 0)
    cart = "cart:#{SecureRandom.uuid}"
    redis.set(cart, "lamp", ex: 60)

    @proxy.with("redis_error", error: "READONLY") do |met|
      error = assert_raises(Redis::CommandError) { redis.set(cart, "chair") }
      assert_match(/\AREADONLY/, error.message)
      assert_equal "lamp", redis.get(cart)
      assert_equal 1, met.call
    end

    assert_equal "OK", redis.set(cart, "chair")
  ensure
    redis&.close
  end

  def test_a_commit_that_succeeded_and_was_reported_as_failed_is_not_made_twice
    database = URI(ENV.fetch("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"))
    @proxy = Proxy.new("postgres://#{database.host}:#{database.port}")
    through = database.dup
    through.host, _, through.port = @proxy.listen.rpartition(":")
    direct = PG.connect(database.to_s)
    db = PG.connect(through.to_s)
    table = "orders_#{SecureRandom.hex}"
    direct.exec("CREATE TABLE #{table} (key text PRIMARY KEY)")
    count = -> { direct.exec("SELECT count(*) FROM #{table}").getvalue(0, 0).to_i }

    @proxy.with("postgres_error", sqlstate: "40003", message: "whether it committed is not known",
                                  when: "after", first: 1, match: { statement: "commit" }) do |met|
      assert_raises(PG::TRStatementCompletionUnknown) { place_order(db, table, "order 1") }
      assert_equal 1, count.call, "the database has committed"

      place_order(db, table, "order 1")
      assert_equal 1, count.call, "the second attempt adds nothing"
      assert_equal 1, met.call
    end
  ensure
    direct&.exec("DROP TABLE IF EXISTS #{table}") if table
    [db, direct].compact.each(&:close)
  end
end
