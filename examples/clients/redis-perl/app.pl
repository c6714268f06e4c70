#!/usr/bin/perl
# A small web service that keeps its state in Redis, with Redis.pm:
# PUT /keys/NAME writes, GET /keys/NAME reads. All that it knows of Redis comes
# from the platform's ConfigMap and Secret.
use strict;
use warnings;

use HTTP::Daemon;
use HTTP::Response;
use Redis;

my $time_to_live = 3600;    # seconds; what has none fills the memory
my $workers      = 4;

# redis makes a client or dies.
sub redis {
    # snippet:begin
    return Redis->new(
        # The Service hands each connection to one of the Sentinels: named three
        # times, it is asked again when that one does not answer.
        sentinels => [ ("$ENV{REDIS_SENTINEL_HOST}:$ENV{REDIS_SENTINEL_PORT}") x 3 ],
        service   => $ENV{REDIS_SENTINEL_MASTER},
        ( $ENV{REDIS_USERNAME} ? ( username => $ENV{REDIS_USERNAME} ) : () ),
        ( $ENV{REDIS_PASSWORD} ? ( password => $ENV{REDIS_PASSWORD} ) : () ),
        # Sentinel of Redis 6.2 and later names its peers by an id, which
        # Redis.pm takes for an address.
        no_sentinels_list_update => 1,
        # A node that is gone answers nothing at all: give up on it early. There
        # is no time-out unless one is given. Seconds.
        cnx_timeout            => 0.5,
        read_timeout           => 1,
        write_timeout          => 1,
        sentinels_cnx_timeout  => 0.5,
        sentinels_read_timeout => 1,
        # For how long to connect again, and how often: seconds, microseconds.
        reconnect => 2,
        every     => 100_000,
    );
    # snippet:end
}

my $redis;

# ask runs a command. A connection that has failed in any way is not used again:
# Redis.pm stays with a master that has become a replica, and takes a late
# answer for that to the next command.
sub ask {
    my ($command) = @_;
    my $value = eval { $redis //= redis(); $command->($redis) };
    if ( my $error = $@ ) {
        undef $redis;
        return HTTP::Response->new( 503, undef, undef, $error );
    }
    return defined $value
      ? HTTP::Response->new( 200, undef, undef, $value )
      : HTTP::Response->new( 404, undef, undef, "no such key\n" );
}

sub handle {
    my ($request) = @_;
    my $path = $request->uri->path;
    # The probes ask only whether this process lives: a restart mends no Redis.
    return HTTP::Response->new( 200, undef, undef, "OK\n" ) if $path eq '/healthz';
    my $name = $path =~ s{^/keys/}{}r;
    return ask( sub { $_[0]->set( $name, $request->content, EX => $time_to_live ) . "\n" } )
      if $request->method eq 'PUT';
    return ask( sub { $_[0]->get($name) } );
}

my $server = HTTP::Daemon->new( LocalAddr => '0.0.0.0', LocalPort => $ENV{PORT} // 8080, ReuseAddr => 1, Listen => 128 )
  or die "cannot listen: $!\n";
for ( 2 .. $workers ) { last unless fork }
while ( my $connection = $server->accept ) {
    # One request per connection: a worker must not wait for an idle caller.
    if ( my $request = $connection->get_request ) {
        my $response = handle($request);
        $response->header( Connection => 'close' );
        $connection->send_response($response);
    }
    $connection->close;
}
